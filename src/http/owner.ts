// Who asks, and with which key Cohere is called.
//
// | mode        | owner                               | key for Cohere  |
// | keys        | the name of the proxy key           | the proxy's own |
// | local       | `local`, whatever the client sends  | the proxy's own |
// | passthrough | a keyed hash of the client's key    | the client's    |
//
// Offline there is no key for Cohere. Changing mode, secret or key changes the owner, and with it what is seen.
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import type { OwnerMode } from '../config.ts';
import { ProxyError } from '../conversation/errors.ts';
import type { ProxyKey } from '../proxy-keys.ts';

export interface Caller {
  /** Safe to store and to log. */
  readonly owner: string;
  /** Sent to Cohere, and nowhere else. */
  readonly apiKey: string | undefined;
}

/** Several values: the header came more than once, which is refused. */
export type ResolveOwner = (authorization: string | readonly string[] | undefined) => Caller;

export interface OwnerOptions {
  readonly ownerMode: OwnerMode;
  readonly cohereApiKey: string | undefined;
  readonly proxyKeys: readonly ProxyKey[] | undefined;
  readonly proxySecret: string | undefined;
  readonly offline: boolean;
}

/** `makeSecret` is asked only where one is needed and none is configured. */
export function createOwnerResolver(options: OwnerOptions, makeSecret: () => string): ResolveOwner {
  const { ownerMode, cohereApiKey, proxyKeys = [], proxySecret, offline } = options;
  const apiKey = offline ? undefined : cohereApiKey;
  if (ownerMode === 'keys') return byProxyKey(proxyKeys, apiKey);
  if (ownerMode === 'passthrough') return byClientKey(proxySecret ?? makeSecret());
  const local = { owner: 'local', apiKey };
  return () => local;
}

function byProxyKey(proxyKeys: readonly ProxyKey[], apiKey: string | undefined): ResolveOwner {
  const known = proxyKeys.map(({ name, key }) => ({
    digest: digestOf(key),
    caller: { owner: name, apiKey },
  }));
  return authorization => {
    const given = digestOf(readBearer(authorization));
    let found: Caller | undefined;
    // No early exit: the time must not tell which key of the file came close, nor how many there are before it.
    for (const { digest, caller } of known) if (timingSafeEqual(given, digest)) found = caller;
    if (found === undefined) throw new ProxyError('invalid_api_key', 'Incorrect API key provided.');
    return found;
  };
}

function byClientKey(secret: string): ResolveOwner {
  return authorization => {
    const apiKey = readBearer(authorization);
    const digest = createHmac('sha256', secret).update(apiKey).digest('hex');
    return { owner: `key_${digest.slice(0, 32)}`, apiKey };
  };
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

const maxHeaderLength = 4096;

function readBearer(authorization: Parameters<ResolveOwner>[0]): string {
  const [header, ...others] = typeof authorization === 'object' ? authorization : [authorization];
  if (header === undefined || header.trim() === '') {
    throw new ProxyError(
      'invalid_api_key',
      "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    );
  }
  if (others.length > 0)
    throw new ProxyError('invalid_api_key', 'The Authorization header was sent more than once.');
  // What may follow the scheme is what may be sent on to Cohere: one word of visible ASCII.
  const key = header.length <= maxHeaderLength ? /^bearer +([\x21-\x7e]+) *$/i.exec(header)?.[1] : undefined;
  if (key === undefined) {
    throw new ProxyError(
      'invalid_api_key',
      'The API key could not be read. The Authorization header must be the word Bearer, a space and the key.',
    );
  }
  return key;
}
