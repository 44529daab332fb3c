// Who asks, and with which key Cohere is called.
//
// | mode        | owner                               | key for Cohere  |
// | keys        | the name of the proxy key           | the proxy's own |
// | local       | `local`, whatever the client sends  | the proxy's own |
// | passthrough | a keyed hash of the client's key    | the client's    |
//
// Offline there is no key for Cohere, and the owner is `offline`, or `offline:` and the name of the key: what the
// simulator said is never found by a proxy that asks Cohere. Changing mode, secret or key changes the owner as well.
import { createHmac } from 'node:crypto';
import type { OwnerMode } from '../config.ts';
import { ProxyError } from '../conversation/errors.ts';
import { offlineName } from '../proxy-keys.ts';
import type { KeyRing } from './key-ring.ts';

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
  readonly proxySecret: string | undefined;
  readonly offline: boolean;
}

/** `keys` are asked in that mode only, `makeSecret` only where one is needed and none is configured. */
export function createOwnerResolver(
  options: OwnerOptions,
  keys: KeyRing,
  makeSecret: () => string,
): ResolveOwner {
  const { ownerMode, cohereApiKey, proxySecret, offline } = options;
  const apiKey = offline ? undefined : cohereApiKey;
  if (ownerMode === 'keys') return byProxyKey(keys, apiKey, offline ? `${offlineName}:` : '');
  if (ownerMode === 'passthrough') return byClientKey(proxySecret ?? makeSecret());
  const local = { owner: offline ? offlineName : 'local', apiKey };
  return () => local;
}

function byProxyKey(keys: KeyRing, apiKey: string | undefined, prefix: string): ResolveOwner {
  return authorization => {
    const name = keys.find(readBearer(authorization));
    if (name === undefined) throw new ProxyError('invalid_api_key', 'Incorrect API key provided.');
    return { owner: prefix + name, apiKey };
  };
}

function byClientKey(secret: string): ResolveOwner {
  return authorization => {
    const apiKey = readBearer(authorization);
    const digest = createHmac('sha256', secret).update(apiKey).digest('hex');
    return { owner: `key_${digest.slice(0, 32)}`, apiKey };
  };
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
