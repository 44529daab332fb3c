import { expect, test } from 'vitest';
import { helpText, problemLine, readCommandLine } from './command-line.ts';

function read(argv: string[] = [], env: Record<string, string> = {}, dotenv = '') {
  return readCommandLine({ argv, env, dotenv });
}

function lines(...input: Parameters<typeof read>): string[] {
  const { problems, sources } = read(...input);
  return problems.map(problem => problemLine(problem, sources));
}

test('nothing said: no options, nothing wrong', () => {
  expect(read()).toEqual({
    options: {},
    proxyKeysFile: undefined,
    help: false,
    version: false,
    problems: [],
    sources: new Map(),
  });
});

test('every flag, every variable', () => {
  const texts = {
    port: '0',
    host: '::1',
    'cohere-api-key': 'key',
    'cohere-base-url': 'https://gateway.example',
    'session-store': 'none',
    model: 'command-r7b-12-2024',
    context: 'command-a-03-2025=128000, a=b=1',
    tokenizer: 'package',
    'proxy-keys-file': 'keys.txt',
    'allowed-hosts': 'a.example, b.example:81,',
    'allowed-origins': 'https://a.example',
    'label-header': 'X-Chat, x-thread',
    'session-idle-minutes': '5',
    'max-sessions': '7',
    'session-memory-mb': '2',
    'log-level': 'debug',
    'data-dir': '/data',
  };
  const options = {
    port: 0,
    host: '::1',
    cohereApiKey: 'key',
    cohereBaseUrl: 'https://gateway.example',
    sessionStore: 'none',
    model: 'command-r7b-12-2024',
    contexts: { 'command-a-03-2025': 128_000, 'a=b': 1 },
    tokenizer: 'package',
    offline: true,
    allowedHosts: ['a.example', 'b.example:81'],
    allowedOrigins: ['https://a.example'],
    labelHeaders: ['X-Chat', 'x-thread'],
    limits: { sessionIdleMs: 300_000, sessions: 7, sessionStoreBytes: 2 * 1024 * 1024 },
    logLevel: 'debug',
    dataDir: '/data',
  };
  const variable = (flag: string) =>
    (['model', 'context'].includes(flag) ? `COHERE_${flag}` : flag).toUpperCase().replaceAll('-', '_');
  const env = Object.fromEntries(Object.entries(texts).map(([flag, text]) => [variable(flag), text]));
  const expected = { options, proxyKeysFile: 'keys.txt', problems: [] };

  expect(
    read([...Object.entries(texts).flatMap(([flag, text]) => [`--${flag}`, text]), '--offline']),
  ).toMatchObject(expected);
  expect(
    read([...Object.entries(texts).map(([flag, text]) => `--${flag}=${text}`), '--offline']),
  ).toMatchObject(expected);
  expect(read([], { ...env, OFFLINE: 'true' })).toMatchObject(expected);
  const dotenv = Object.entries({ ...env, OFFLINE: '1' }).map(([name, text]) => `${name}="${text}"`);
  expect(read([], {}, `\uFEFF${dotenv.join('\n')}`)).toMatchObject(expected);

  const help = helpText();
  for (const flag of Object.keys(texts)) expect(help).toContain(`  --${flag} ${variable(flag)} `);
});

test('flags win over the environment, the environment over .env, the last of equal flags', () => {
  expect(read(['--port', '1', '--port', '2'], { PORT: '3' }, 'PORT=4').options).toEqual({ port: 2 });
  expect(read([], { PORT: '3' }, 'PORT=4').options).toEqual({ port: 3 });
  expect(read([], {}, 'PORT=4').options).toEqual({ port: 4 });
  expect(read(['--offline=false'], { OFFLINE: 'true' }).options).toEqual({ offline: false });
});

test('a list may be given in parts, as flags and with commas; the environment is not added to it', () => {
  const env = { COHERE_CONTEXT: 'd=4', LABEL_HEADER: 'env' };
  const argv = ['--context', 'a=1', '--context=b=2,c=3', '--label-header=one', '--label-header', 'two'];
  expect(read(argv, env).options).toEqual({
    contexts: { a: 1, b: 2, c: 3 },
    labelHeaders: ['one', 'two'],
  });
  const named = read(['--context', '__proto__=1']).options.contexts ?? {};
  expect(Object.entries(named)).toEqual([['__proto__', 1]]);
});

test('an empty variable is as good as none, spaces around a value are not part of it', () => {
  expect(read([], { PORT: '', HOST: '  ', COHERE_API_KEY: 'key\n' }, 'PORT=4\nHOST=\n').options).toEqual({
    port: 4,
    cohereApiKey: 'key',
  });
});

test('the secret is not a flag', () => {
  expect(lines(['--proxy-secret', 'canary'])).toEqual(['--proxy-secret: is not an option']);
  expect(read([], { PROXY_SECRET: 'from the environment' }).options.proxySecret).toBe('from the environment');
  expect(helpText()).toContain('PROXY_SECRET, never a flag');
});

test.each<[Parameters<typeof read>, string[]]>([
  [[['--prot', '80']], ['--prot: is not an option']],
  [[['stray', '--port', '80']], ['argument 1: is not expected']],
  [[['--', '--port']], ['argument 2: is not expected']],
  [[['--port']], ['--port: needs a value']],
  [[['--port=']], ['--port: needs a value']],
  [[['--port', '--host', 'localhost']], ['--port: needs a value']],
  [[['--port', '-1']], ['--port: must be a whole number']],
  [[[], { PORT: '80 80' }], ['PORT: must be a whole number']],
  [[[], {}, 'PORT=0x50'], ['PORT in .env: must be a whole number']],
  [[['--max-sessions', '0']], ['--max-sessions: must be a whole number from 1 up']],
  [[['--session-idle-minutes', '1e3']], ['--session-idle-minutes: must be a whole number from 1 up']],
  [[['--session-memory-mb', '1.5']], ['--session-memory-mb: must be a whole number from 1 up']],
  [[['--context', 'a']], ['--context: must be MODEL=TOKENS, with commas between']],
  [[['--context', '=5']], ['--context: must be MODEL=TOKENS, with commas between']],
  [[['--context', 'a=5', '--context', 'b=x']], ['--context: must be MODEL=TOKENS, with commas between']],
  [[[], { COHERE_CONTEXT: 'a=5,a=6' }], ['COHERE_CONTEXT: must name each model once']],
  [[['--context', 'a=5', '--context']], ['--context: needs a value']],
  [[[], { OFFLINE: 'maybe' }], ['OFFLINE: must be true or false']],
  [[['-canary']], ['argument 1: is not an option']],
  [[['--canary_KEY=canary']], ['argument 1: is not an option']],
  [[['canary']], ['argument 1: is not expected']],
  [
    [['--prot', '80', '--port', 'x'], { MAX_SESSIONS: 'many' }],
    [
      '--prot: is not an option',
      '--port: must be a whole number',
      'MAX_SESSIONS: must be a whole number from 1 up',
    ],
  ],
])('O3 case %#: a line for each problem, without the value', (input, expected) => {
  expect(lines(...input)).toEqual(expected);
});

test('a bad value is not given on, what is beside it is', () => {
  expect(read(['--port', '--host', 'localhost']).options).toEqual({ host: 'localhost' });
});

test('problems found later are told in the words of the user', () => {
  const { sources } = read(['--host', 'x'], { LOG_LEVEL: 'loud' }, 'MAX_SESSIONS=1');
  const line = (option: string) => problemLine({ option, text: 'is wrong' }, sources);
  expect(line('host')).toBe('--host: is wrong');
  expect(line('logLevel')).toBe('LOG_LEVEL: is wrong');
  expect(line('limits.sessions')).toBe('MAX_SESSIONS in .env: is wrong');
  expect(line('cohereApiKey')).toBe('--cohere-api-key or COHERE_API_KEY: is wrong');
  expect(line('proxySecret')).toBe('PROXY_SECRET: is wrong');
  expect(line('limits.jsonDepth')).toBe('limits.jsonDepth: is wrong');
});

test('help and version', () => {
  expect(read(['--help'])).toMatchObject({ help: true, version: false, problems: [] });
  expect(read(['-h'])).toMatchObject({ help: true });
  expect(read(['--version'])).toMatchObject({ help: false, version: true });
});

test('help is aligned and fits', () => {
  const rows = helpText().split('\n').slice(4, -4);
  const column = rows[0]?.indexOf('port to listen') ?? -1;
  for (const row of rows) expect(row.slice(column - 2, column + 1)).toMatch(/^ {2}\S$/);
  for (const row of rows) expect(row.length).toBeLessThanOrEqual(115);
});
