import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { type CohereProxyOptions, ConfigError, resolveConfig } from './config.ts';
import { defaultLimits } from './limits.ts';

const canary = 'canary-4f1d-key-0123456789-0123456789';
const proxyKeys = [{ name: 'ada', key: canary }];

function problems(options: object): string[] {
  try {
    resolveConfig(options);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

test('without options: loopback, a database at home, each client with its own key', () => {
  expect(resolveConfig()).toEqual({
    host: '127.0.0.1',
    port: 8080,
    cohereBaseUrl: 'https://api.cohere.com',
    sessionStore: 'sqlite',
    sessionStoreOptional: false,
    model: 'command-a-03-2025',
    contexts: {},
    tokenizer: 'auto',
    offline: false,
    allowedHosts: [],
    allowedOrigins: [],
    labelHeaders: [],
    logLevel: 'info',
    dataDir: '~/.cohere-proxy',
    limits: { ...defaultLimits, sessionIdleMs: 30 * 24 * 60 * 60_000 },
    ownerMode: 'passthrough',
  });
});

test('undefined means not given', () => {
  expect(resolveConfig({ host: undefined, port: undefined, limits: { jsonDepth: undefined } })).toEqual(
    resolveConfig(),
  );
});

test.each<[CohereProxyOptions, string]>([
  [{}, 'passthrough'],
  [{ cohereApiKey: canary }, 'local'],
  [{ offline: true }, 'local'],
  [{ offline: true, cohereApiKey: canary }, 'local'],
  [{ proxyKeys, cohereApiKey: canary }, 'keys'],
  [{ proxyKeys, offline: true }, 'keys'],
])('whose sessions: case %#', (options, ownerMode) => {
  expect(resolveConfig(options).ownerMode).toBe(ownerMode);
});

test('proxy keys need a key for Cohere', () => {
  expect(problems({ proxyKeys })).toEqual([expect.stringMatching(/^cohereApiKey: is missing/)]);
});

test.each(['127.0.0.1', '127.8.9.10', 'localhost', 'LOCALHOST', '::1', '[::1]'])(
  'A14 local mode binds to %s',
  host => {
    expect(problems({ cohereApiKey: canary, host })).toEqual([]);
  },
);

test.each(['0.0.0.0', '::', '[::]', '192.168.1.2', 'proxy.example', '::ffff:127.0.0.1', 'localhost.example'])(
  'A14 without proxy keys a proxy with a key of its own does not bind to %s, others do',
  host => {
    for (const local of [{ cohereApiKey: canary }, { offline: true }]) {
      expect(problems({ ...local, host })).toEqual([
        expect.stringMatching(/^host: must be a loopback address/),
      ]);
    }
    expect(problems({ host })).toEqual([]);
    expect(problems({ host, proxyKeys, cohereApiKey: canary })).toEqual([]);
  },
);

test.each([
  ['https://api.cohere.com/', 'https://api.cohere.com'],
  ['https://gateway.example:8443/cohere//', 'https://gateway.example:8443/cohere'],
  ['HTTPS://Gateway.Example:443', 'https://gateway.example'],
  ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000'],
  ['http://[::1]:6000/a/b', 'http://[::1]:6000/a/b'],
  ['http://localhost:25', 'http://localhost:25'],
])('U32 base URL %s is %s', (cohereBaseUrl, expected) => {
  expect(resolveConfig({ cohereBaseUrl }).cohereBaseUrl).toBe(expected);
});

test.each([
  ['api.cohere.com', 'http or https'],
  ['ftp://api.cohere.com', 'http or https'],
  ['', 'http or https'],
  ['https://', 'http or https'],
  ['https://host:99999', 'http or https'],
  ['https://host:0', 'port 0'],
  [`https://user:${canary}@host`, 'user name or password'],
  [`https://${canary}@host`, 'user name or password'],
  [`https://host/?key=${canary}`, 'a query'],
  ['https://host/#', 'a query or a fragment'],
  ['https://api.cohere.com/v2/', '/v1 or /v2'],
  ['http://api.cohere.com', 'must be https'],
  ['http://10.0.0.1', 'must be https'],
])('U32 base URL %s is refused', (cohereBaseUrl, reason) => {
  expect(problems({ cohereBaseUrl })).toEqual([expect.stringContaining(reason)]);
});

test.each([
  ['host', ['', 'a b', 'http://localhost', 'localhost:80', '*', '1.2.3', '300.1.1.1', 1]],
  ['port', [-1, 65_536, 1.5, Number.NaN, '8080']],
  ['cohereApiKey', ['', 'a b', 'a\r\nb', 'schlüssel']],
  [
    'sessionStore',
    ['', 'memory', 'sqlite', 'sqlite:a\0b', `redis:${canary}`, `rediss+x://${canary}`, 'redis://', 'None'],
  ],
  ['model', ['', 'a b', 'a\nb', 7]],
  [
    'contexts',
    [
      canary,
      null,
      [['a', 1]],
      { '': 1 },
      { 'a b': 1 },
      { [canary]: 0 },
      { a: -1 },
      { a: 1.5 },
      { a: '5' },
      { a: Number.POSITIVE_INFINITY },
    ],
  ],
  ['tokenizer', ['', 'Auto', 'own', true]],
  [
    'proxyKeys',
    [
      [],
      canary,
      [canary],
      [{ name: 'a b', key: canary }],
      [{ name: 'a', key: 'short' }],
      [...proxyKeys, ...proxyKeys],
      Array.from({ length: 10_001 }, (_, index) => ({ name: 'a', key: `${canary}${index}` })),
    ],
  ],
  ['proxySecret', ['', canary.slice(0, 31)]],
  ['offline', ['true', 1]],
  ['allowedHosts', ['a.example', ['*'], ['*.example'], ['http://a'], ['a/b'], ['a:99999'], ['']]],
  [
    'allowedOrigins',
    [
      'https://a',
      ['*'],
      ['null'],
      ['a.example'],
      ['https://a/b'],
      ['https://*.a'],
      [`https://u:${canary}@a`],
    ],
  ],
  [
    'labelHeaders',
    [
      'x-chat',
      [''],
      ['a b'],
      ['a:'],
      ['schlüssel'],
      [7],
      ['x'.repeat(129)],
      ['Authorization'],
      ['x', 'COOKIE'],
    ],
  ],
  ['logLevel', ['', 'loud', 'INFO']],
  ['dataDir', ['', 'a\0b']],
  ['limits', [1, 'x']],
])('O3 a wrong %s is one problem, and is not repeated', (option, values) => {
  for (const value of values) {
    const found = problems({ cohereApiKey: 'k', [option]: value });
    expect(found, inspect(value)).toEqual([expect.stringMatching(`^${option}: must|^${option}: \\[`)]);
    expect(found.join()).not.toContain('canary');
  }
});

test.each([
  ['none', { kind: 'none' }],
  ['memory:', { kind: 'memory' }],
  ['sqlite:', { kind: 'sqlite', path: '/data/sessions.db' }],
  ['sqlite:~/chats.db', { kind: 'sqlite', path: '~/chats.db' }],
  ['redis://h', { kind: 'redis', url: 'redis://h' }],
  ['rediss+sentinel://a:1,b:2/main', { kind: 'redis', url: 'rediss+sentinel://a:1,b:2/main' }],
])('where sessions live: %s', (sessionStore, store) => {
  expect(resolveConfig({ sessionStore, dataDir: '/data', proxySecret: canary }).store).toEqual(store);
});

test('sessions that outlive the process are kept for 30 days, those in memory for 30 minutes', () => {
  const idleMs = (options: CohereProxyOptions) => resolveConfig(options).limits.sessionIdleMs;
  expect(idleMs({})).toBe(30 * 24 * 60 * 60_000);
  expect(idleMs({ sessionStore: 'memory:' })).toBe(30 * 60_000);
  expect(idleMs({ limits: { sessionIdleMs: 7 } })).toBe(7);
});

test('proxies that share a store need one secret', () => {
  expect(problems({ sessionStore: 'redis://h' })).toEqual([
    expect.stringMatching(/^proxySecret: is missing/),
  ]);
});

test('the URL of a store is shown by nothing: it may hold a password', () => {
  const config = resolveConfig({ sessionStore: `redis://:${canary}@h`, proxySecret: canary });
  expect(inspect(config) + JSON.stringify(config) + inspect({ ...config })).not.toContain('canary');
});

test.each([
  { bodyBytes: 0 },
  { jsonDepth: -1 },
  { streams: 1.5 },
  { sessions: '5' },
  { idleTimeoutMs: 2 ** 31 },
  { totalTimeoutMs: Number.POSITIVE_INFINITY },
  { unheardOf: 1 },
])('a wrong limit is one problem: %o', limits => {
  expect(problems({ limits })).toEqual([
    expect.stringMatching(/^limits\.\w+: (must be a whole number|is not an option)/),
  ]);
});

test('limits: given ones hold, the others have their defaults, spans may be longer than a timer', () => {
  const { limits } = resolveConfig({ limits: { sessionQueue: 0, sessionIdleMs: 2 ** 40 } });
  expect(limits).toEqual({ ...defaultLimits, sessionQueue: 0, sessionIdleMs: 2 ** 40 });
});

test('O3 all problems at once', () => {
  const found = problems({
    port: -1,
    host: '0.0.0.0',
    offline: true,
    colour: 'red',
    limits: { sessions: 0 },
  });
  expect(found.map(line => line.split(':')[0]).sort()).toEqual(['colour', 'host', 'limits.sessions', 'port']);
});

test('allowed hosts and origins are kept as browsers send them', () => {
  const { allowedHosts, allowedOrigins } = resolveConfig({
    allowedHosts: ['Proxy.Example', 'other:8443', '[::5]:80'],
    allowedOrigins: ['https://App.example:443/', 'http://app.example:81', 'vscode-webview://AbC'],
  });
  expect(allowedHosts).toEqual(['proxy.example', 'other:8443', '[::5]:80']);
  expect(allowedOrigins).toEqual(['https://app.example', 'http://app.example:81', 'vscode-webview://abc']);
});

test('offline no tokenizer is fetched', () => {
  const tokenizer = (options: CohereProxyOptions) => resolveConfig(options).tokenizer;
  expect(tokenizer({ offline: true })).toBe('package');
  expect(tokenizer({ offline: true, tokenizer: 'auto' })).toBe('package');
  expect(tokenizer({ offline: true, tokenizer: 'none' })).toBe('none');
  expect(tokenizer({ tokenizer: 'package' })).toBe('package');
});

test('contexts are a copy, label headers as they come over the wire', () => {
  const contexts = { a: 1 };
  const config = resolveConfig({ contexts, labelHeaders: ['X-My-Chat', 'session_id'] });
  contexts.a = 2;
  expect(config.contexts).toEqual({ a: 1 });
  expect(config.labelHeaders).toEqual(['x-my-chat', 'session_id']);
});

test('A20 a config shows no key, however it is looked at', () => {
  const config = resolveConfig({ cohereApiKey: canary, proxyKeys, proxySecret: canary });
  expect(config.cohereApiKey).toBe(canary);
  expect(config.proxyKeys).toEqual(proxyKeys);
  expect(config.proxySecret).toBe(canary);
  for (const shown of [inspect({ config }, { depth: 9 }), JSON.stringify(config), inspect({ ...config })]) {
    expect(shown).not.toContain('canary');
  }
});
