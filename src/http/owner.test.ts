import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { ProxyError } from '../conversation/errors.ts';
import { KeyRing } from './key-ring.ts';
import { createOwnerResolver, type OwnerOptions } from './owner.ts';

const clientKey = 'canary-client-key-0123456789';
const ownKey = 'canary-own-key';
const proxySecret = 's'.repeat(64);
const proxyKeys = [
  { name: 'ada', key: 'canary-ada-1-0123456789' },
  { name: 'grace', key: 'canary-grace-0123456789' },
  { name: 'ada', key: 'canary-ada-2-0123456789' },
];

const none = { cohereApiKey: undefined, proxySecret: undefined, offline: false };
const modes = {
  keys: { ...none, ownerMode: 'keys', cohereApiKey: ownKey },
  local: { ...none, ownerMode: 'local', cohereApiKey: ownKey },
  passthrough: { ...none, ownerMode: 'passthrough', proxySecret },
} as const satisfies Record<string, OwnerOptions>;

const noSecret = () => {
  throw new Error('no secret is needed');
};
const resolver = (options: OwnerOptions) => createOwnerResolver(options, new KeyRing(proxyKeys), noSecret);

function refusal(options: OwnerOptions, authorization: string | string[] | undefined): ProxyError {
  try {
    resolver(options)(authorization);
  } catch (error) {
    if (error instanceof ProxyError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

test('keys: the name of the key, the key of the proxy', () => {
  const resolve = resolver(modes.keys);
  expect(resolve('Bearer canary-grace-0123456789')).toEqual({ owner: 'grace', apiKey: ownKey });
  expect(resolve('Bearer canary-ada-1-0123456789')).toEqual({ owner: 'ada', apiKey: ownKey });
  expect(resolve('Bearer canary-ada-2-0123456789')).toEqual({ owner: 'ada', apiKey: ownKey });
});

test('local: everyone is local, whatever they send', () => {
  for (const authorization of [undefined, '', 'Bearer x', 'Basic x', ['a', 'b'], 'x'.repeat(9999)]) {
    expect(resolver(modes.local)(authorization)).toEqual({ owner: 'local', apiKey: ownKey });
  }
});

test('passthrough: a keyed hash of the key, and the key itself for Cohere', () => {
  const hash = createHmac('sha256', proxySecret).update(clientKey).digest('hex').slice(0, 32);
  expect(resolver(modes.passthrough)(`Bearer ${clientKey}`)).toEqual({
    owner: `key_${hash}`,
    apiKey: clientKey,
  });
  const other = resolver({ ...modes.passthrough, proxySecret: 't'.repeat(64) })(`Bearer ${clientKey}`);
  expect(other.owner).not.toBe(`key_${hash}`);
});

test('passthrough: the secret is made only where none is configured', () => {
  const makeSecret = vi.fn(() => proxySecret);
  const made = createOwnerResolver(
    { ...modes.passthrough, proxySecret: undefined },
    new KeyRing([]),
    makeSecret,
  );
  expect(makeSecret).toHaveBeenCalledOnce();
  expect(made(`Bearer ${clientKey}`)).toEqual(resolver(modes.passthrough)(`Bearer ${clientKey}`));
});

test('offline no key goes anywhere', () => {
  expect(resolver({ ...modes.local, offline: true })(undefined)).toEqual({
    owner: 'offline',
    apiKey: undefined,
  });
  expect(resolver({ ...modes.keys, offline: true })('Bearer canary-grace-0123456789')).toEqual({
    owner: 'offline:grace',
    apiKey: undefined,
  });
});

test.each(['Bearer ', 'bearer ', 'BEARER   '])('A4 the scheme may be written %j', scheme => {
  expect(resolver(modes.keys)(`${scheme}canary-grace-0123456789 `).owner).toBe('grace');
  expect(resolver(modes.passthrough)(`${scheme}${clientKey}`).apiKey).toBe(clientKey);
});

test.each([
  [undefined, /^You didn't provide an API key/],
  ['', /^You didn't provide an API key/],
  ['  ', /^You didn't provide an API key/],
  ['Bearer', /could not be read/],
  ['Bearer ', /could not be read/],
  [clientKey, /could not be read/],
  [`Basic ${clientKey}`, /could not be read/],
  [`Bearer:${clientKey}`, /could not be read/],
  [`Bearer\t${clientKey}`, /could not be read/],
  [`Bearer ${clientKey} ${clientKey}`, /could not be read/],
  [`Bearer ${clientKey}, Bearer ${clientKey}`, /could not be read/],
  [`Bearer ${clientKey}\r\nX-Other: 1`, /could not be read/],
  [`Bearer ${clientKey}\n`, /could not be read/],
  [`Bearer ${clientKey}\0`, /could not be read/],
  ['Bearer schlüssel', /could not be read/],
  ['Bearer 🔑', /could not be read/],
  [`Bearer ${'x'.repeat(4090)}`, /could not be read/],
  [[`Bearer ${clientKey}`, `Bearer ${clientKey}`], /more than once/],
])('A4 case %#: no key, or nothing that could be one', (authorization, message) => {
  for (const options of [modes.keys, modes.passthrough]) {
    const error = refusal(options, authorization);
    expect(error.message).toMatch(message);
    expect(error.toBody().error).toMatchObject({
      code: 'invalid_api_key',
      param: null,
      type: 'authentication_error',
    });
    expect(error.status).toBe(401);
    expect(error.message).not.toContain('canary');
  }
});

test('A4 the longest header that is looked at', () => {
  expect(resolver(modes.passthrough)(`Bearer ${'x'.repeat(4089)}`).apiKey).toHaveLength(4089);
});

test('A4 an unknown key, a name, a part of a key', () => {
  for (const key of ['canary-unknown', 'ada', 'canary-grace-012345678', 'canary-grace-01234567890', ownKey]) {
    expect(refusal(modes.keys, `Bearer ${key}`).message).toBe('Incorrect API key provided.');
  }
  expect(() => createOwnerResolver(modes.keys, new KeyRing([]), noSecret)(`Bearer ${ownKey}`)).toThrow(
    'Incorrect',
  );
});

test('A5 every key is compared, digest with digest, without early exit', () => {
  const source = readFileSync(new URL('./key-ring.ts', import.meta.url), 'utf8');
  const loop = /for \(.*of this\.#known\).*/.exec(source)?.[0];
  expect(loop).toContain('timingSafeEqual(given, digest)');
  expect(loop).not.toMatch(/return|break|\.find|\.some/);
});
