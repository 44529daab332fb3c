// The proxy in front of a scripted Cohere, both on real sockets, gone when the test has ended.
import { onTestFinished } from 'vitest';
import { type CohereProxyOptions, CohereProxyServer } from '../../src/index.ts';
import { FakeCohere } from './fake-cohere.ts';
import { RawClient } from './raw-client.ts';

export const chatPath = '/v1/chat/completions';

export interface Pair {
  readonly fake: FakeCohere;
  readonly server: CohereProxyServer;
  /** Of the proxy, without `/v1`. */
  readonly url: string;
  /** A chat request; `message`, `sessionId` … or whole OpenAI bodies. */
  post(body: unknown, init?: RequestOptions): Promise<Response>;
  /** Any other request. */
  send(method: string, path: string, init?: RequestOptions & { readonly body?: string }): Promise<Response>;
  connect(options?: { readonly allowHalfOpen?: boolean }): Promise<RawClient>;
}

interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** In local mode unless the options say otherwise. `passthrough`: no key of the proxy's own. */
export async function startPair(
  options: CohereProxyOptions & { readonly passthrough?: boolean } = {},
): Promise<Pair> {
  const { passthrough = false, limits, ...rest } = options;
  const fake = await FakeCohere.start();
  const server = new CohereProxyServer({
    cohereBaseUrl: fake.url,
    ...(passthrough ? { proxySecret: 'f'.repeat(64) } : { cohereApiKey: 'proxy-own-key-0123456789' }),
    port: 0,
    sessionStore: 'memory:',
    logLevel: 'silent',
    ...rest,
    limits: { shutdownMs: 300, ...limits },
  });
  const { url } = await server.listen();
  const clients: RawClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.destroy();
    try {
      await within(server.close(), 'server.close()');
      // The pool is gone, so each connection to the fake must be, too.
      const requests = [...fake.chatRequests, ...fake.modelRequests];
      await within(Promise.all(requests.map(({ closed }) => closed)), 'upstream connections');
    } finally {
      await fake.close();
    }
  });
  const send: Pair['send'] = (method, path, { headers, body, signal } = {}) =>
    fetch(url + path, {
      method,
      ...(headers && { headers }),
      ...(body && { body }),
      ...(signal && { signal }),
    });
  return {
    fake,
    server,
    url,
    send,
    post: (body, { headers, signal } = {}) =>
      send('POST', chatPath, {
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      }),
    async connect(options) {
      const client = await RawClient.connect(url, options);
      clients.push(client);
      return client;
    },
  };
}

/** Longer than anything takes on a machine that is busy: what is found by it hangs. */
const hangMs = 40_000;

/** @throws where the promise hangs: which one it was says more than a test that took too long. */
export async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: waited in vain`)), hangMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
