// The proxy as its users run it, on a port of its own, in front of a fake Cohere.
import { type CohereProxyOptions, CohereProxyServer } from '../../src/index.ts';
import { FakeCohere } from './fake-cohere.ts';

export class ProxyUnderTest {
  readonly fake: FakeCohere;
  readonly server: CohereProxyServer;
  /** Without `/v1`. */
  readonly url: string;

  private constructor(fake: FakeCohere, server: CohereProxyServer, url: string) {
    this.fake = fake;
    this.server = server;
    this.url = url;
  }

  static async start(options: CohereProxyOptions = {}): Promise<ProxyUnderTest> {
    const fake = await FakeCohere.start();
    const server = new CohereProxyServer({
      cohereBaseUrl: fake.url,
      cohereApiKey: 'test-key',
      port: 0,
      sessionStore: 'memory:',
      logLevel: 'silent',
      ...options,
    });
    const { url } = await server.listen();
    return new ProxyUnderTest(fake, server, url);
  }

  chat(body: Readonly<Record<string, unknown>>): Promise<Response> {
    return fetch(`${this.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.fake.close();
  }
}
