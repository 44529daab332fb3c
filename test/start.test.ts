// The process as a user starts it: what it prints, what it refuses, how it ends.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { defaults } from '../src/config.ts';
import { defaultLimits } from '../src/limits.ts';
import { ProxyProcess, type StartOptions } from './support/proxy-process.ts';

const canary = 'canary-7e57-0123456789-0123456789-0123456789';

let directory: string;
let processes: ProxyProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  processes = [];
});

afterEach(async () => {
  for (const proxy of processes) await proxy.kill('SIGKILL');
  rmSync(directory, { recursive: true });
  // A20: whatever was done to it, no key and no message is in what it printed.
  for (const { stdout, stderr } of processes) expect(stdout + stderr).not.toContain('canary');
});

function spawnProxy(options: StartOptions): ProxyProcess {
  const proxy = new ProxyProcess(directory, options);
  processes.push(proxy);
  return proxy;
}

async function start(options: StartOptions): Promise<ProxyProcess> {
  const proxy = spawnProxy(options);
  await proxy.started();
  return proxy;
}

async function run(options: StartOptions): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const proxy = spawnProxy(options);
  const code = await proxy.exitCode;
  return { code, stdout: proxy.stdout, stderr: proxy.stderr };
}

describe('asking', () => {
  test('--help tells every flag and every default', async () => {
    const { code, stdout, stderr } = await run({ args: ['--help'], env: { PORT: 'wrong' } });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const text = stdout.replace(/\s+/g, ' ');
    const flags = [
      ['--port PORT', defaults.port],
      ['--host HOST', defaults.host],
      ['--cohere-api-key COHERE_API_KEY', "each client's own"],
      ['--cohere-base-url COHERE_BASE_URL', defaults.cohereBaseUrl],
      ['--session-store SESSION_STORE', defaults.sessionStore],
      ['--session-store-optional', 'off'],
      ['--model COHERE_MODEL', defaults.model],
      ['--context COHERE_CONTEXT', 'what Cohere says'],
      ['--tokenizer TOKENIZER', defaults.tokenizer],
      ['--proxy-keys-file PROXY_KEYS_FILE', 'no file'],
      ['PROXY_SECRET, never a flag', 'made once in the data directory'],
      ['--offline', 'off'],
      ['--allowed-hosts ALLOWED_HOSTS', 'none'],
      ['--allowed-origins ALLOWED_ORIGINS', 'none'],
      ['--label-header LABEL_HEADER', 'none'],
      ['--session-idle-minutes SESSION_IDLE_MINUTES', '30 in memory, 43200 in sqlite: and Redis'],
      ['--max-sessions MAX_SESSIONS', defaultLimits.sessions],
      ['--session-memory-mb SESSION_MEMORY_MB', defaultLimits.sessionStoreBytes / 1024 / 1024],
      ['--bodies-mb BODIES_MB', defaultLimits.bodiesBytes / 1024 / 1024],
      ['--owner-requests OWNER_REQUESTS', defaultLimits.ownerRequests],
      ['--owner-bodies-mb OWNER_BODIES_MB', defaultLimits.ownerBodiesBytes / 1024 / 1024],
      ['--owner-turns OWNER_TURNS', defaultLimits.ownerTurns],
      ['--owner-sessions OWNER_SESSIONS', defaultLimits.ownerSessions],
      ['--owner-store-mb OWNER_STORE_MB', defaultLimits.ownerStoredBytes / 1024 / 1024],
      ['--log-level LOG_LEVEL', defaults.logLevel],
      ['--data-dir DATA_DIR', defaults.dataDir],
    ] as const;
    let from = 0;
    for (const [flag, value] of flags) {
      from = text.indexOf(` ${flag} `, from);
      expect(from, flag).toBeGreaterThan(0);
      expect(text.indexOf(`(default: ${value})`, from), flag).toBeGreaterThan(from);
    }
    // No flag is missing from this list.
    expect(stdout.match(/^ {2}--[a-z-]+/gm)?.map(flag => flag.trim())).toEqual([
      ...flags.map(([flag]) => flag.split(' ')[0]).filter(flag => flag?.startsWith('--')),
      '--help',
      '--version',
    ]);
  });

  test('--version tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
    expect(await run({ args: ['--version'] })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('O3 what cannot be: exit 2, a line for each problem', () => {
  const wrong: [name: string, start: StartOptions, lines: RegExp[]][] = [
    ['a port', { args: ['--port', '65536'] }, [/^--port: must be a whole number from 0 to 65535$/]],
    ['a port in letters', { env: { PORT: canary } }, [/^PORT: must be a whole number$/]],
    ['a host', { args: ['--host', `http://${canary}`] }, [/^--host: must be a host name/]],
    ['a key', { env: { COHERE_API_KEY: `${canary} ${canary}` } }, [/^COHERE_API_KEY: must be visible ASCII/]],
    [
      'a base URL',
      { env: { COHERE_BASE_URL: `https://me:${canary}@host` } },
      [/^COHERE_BASE_URL: must not hold a user/],
    ],
    [
      'plain http',
      { args: ['--cohere-base-url', 'http://gateway.example'] },
      [/^--cohere-base-url: must be https/],
    ],
    [
      'a store',
      { env: { SESSION_STORE: canary } },
      [/^SESSION_STORE: must be sqlite:, sqlite:PATH, memory:, none, or the URL of a Redis/],
    ],
    [
      'a shared store without the secret that all share',
      { env: { SESSION_STORE: `redis://:${canary}@host` } },
      [/^PROXY_SECRET: is missing: all proxies that share a store need the same one/],
    ],
    ['a model', { args: ['--model', `${canary} ${canary}`] }, [/^--model: must be a model name$/]],
    ['a secret', { env: { PROXY_SECRET: 'canary' } }, [/^PROXY_SECRET: must have at least 32 characters$/]],
    ['a switch', { env: { OFFLINE: canary } }, [/^OFFLINE: must be true or false$/]],
    [
      'hosts',
      { args: ['--allowed-hosts', `a.example,https://${canary}`] },
      [/^--allowed-hosts: must each be a host name/],
    ],
    ['origins', { args: ['--allowed-origins', canary] }, [/^--allowed-origins: must each be an origin/]],
    [
      'minutes',
      { args: ['--session-idle-minutes', '0'] },
      [/^--session-idle-minutes: must be a whole number from 1/],
    ],
    ['sessions', { env: { MAX_SESSIONS: '-5' } }, [/^MAX_SESSIONS: must be a whole number from 1/]],
    [
      'megabytes',
      { env: { SESSION_MEMORY_MB: '1GB' } },
      [/^SESSION_MEMORY_MB: must be a whole number from 1/],
    ],
    ['a log level', { env: { LOG_LEVEL: canary } }, [/^LOG_LEVEL: must be one of fatal, /]],
    ['a flag', { args: ['--prot', '80'] }, [/^--prot: is not an option$/]],
    ['no value', { args: ['--port'] }, [/^--port: needs a value$/]],
    ['an argument', { args: [canary] }, [/^argument 1: is not expected$/]],
    [
      'a missing keys file',
      { args: ['--proxy-keys-file', 'none'], env: { COHERE_API_KEY: canary } },
      [/^--proxy-keys-file: cannot be read \(ENOENT\)$/],
    ],
    [
      'a local proxy for all',
      { env: { COHERE_API_KEY: canary, HOST: '0.0.0.0' } },
      [/^HOST: must be a loopback address/],
    ],
    [
      'all at once',
      {
        args: ['--port', 'x', '--host', '0.0.0.0', '--verbose'],
        env: { COHERE_API_KEY: canary, LOG_LEVEL: 'loud' },
      },
      [/^--verbose: is not/, /^--port: must/, /^LOG_LEVEL: must/, /^--host: must/],
    ],
  ];

  test.for(wrong)('%s', async ([, start, lines]) => {
    const { code, stdout, stderr } = await run(start);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      ...lines.map(line => expect.stringMatching(line)),
      'Try --help.',
      '',
    ]);
  });

  test('a keys file: the line and not the key', async () => {
    writeFileSync(join(directory, 'keys.txt'), `ada ${canary}\n${canary}\ngrace ${canary}\n`);
    const { code, stderr } = await run({ args: ['--proxy-keys-file', 'keys.txt', '--host', '0.0.0.0'] });
    expect(code).toBe(2);
    expect(stderr.split('\n')).toEqual([
      '--proxy-keys-file: line 2: must be a name, a space or a comma, and a key',
      '--proxy-keys-file: line 3: holds the same key as line 1',
      expect.stringMatching(/^--cohere-api-key or COHERE_API_KEY: is missing/),
      'Try --help.',
      '',
    ]);
  });

  test.skipIf(process.platform === 'win32').each([
    [
      'the keys',
      'keys',
      ['--offline', '--proxy-keys-file', 'keys'],
      /^--proxy-keys-file: cannot be read \(not a regular file\)\nTry --help\.\n$/,
    ],
    [
      'the secret',
      'proxy-secret',
      ['--data-dir', '.'],
      /^--data-dir: the secret .*\(not a regular file\).*\nTry --help\.\n$/,
    ],
    [
      'the store',
      'store',
      ['--offline', '--session-store', 'sqlite:store'],
      /^--session-store: the session store store is not a file\nTry --help\.\n$/,
    ],
  ] as const)('XF9 a pipe in the place of %s keeps nobody waiting', async (_what, name, args, problem) => {
    execFileSync('mkfifo', [join(directory, name)]);
    const { code, stderr } = await run({ args: [...args, '--port', '0'] });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(problem) });
  });

  test('a secret file with other content', async () => {
    mkdirSync(join(directory, 'data'));
    writeFileSync(join(directory, 'data', 'proxy-secret'), canary);
    const { code, stderr } = await run({ args: ['--data-dir', 'data', '--port', '0'] });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^--data-dir: the file proxy-secret does not hold .*\nTry --help\.\n$/),
    });
  });
});

describe('running', () => {
  test('.env is read, the environment and flags win, the banner tells what counts', async () => {
    writeFileSync(
      join(directory, '.env'),
      `PORT=1\nCOHERE_MODEL=from-the-file\nCOHERE_API_KEY="${canary}"\nSESSION_IDLE_MINUTES=7\nHOST=0.0.0.0\n`,
    );
    const proxy = await start({ args: ['--port', '0'], env: { HOST: '127.0.0.1', COHERE_MODEL: '' } });
    const { baseUrl } = proxy;
    expect(baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d{2,}\/v1$/);
    expect(proxy.stdout).toContain('the COHERE_API_KEY of the proxy, for everyone on this machine');
    expect(proxy.stdout).toContain('until 7 minutes after the last turn');
    expect(proxy.stdout).toContain(
      `Base URL      ${baseUrl}\n    API Key       anything\n    Model         from-the-file\n`,
    );
    expect((await fetch(`${baseUrl}/models`)).headers.get('content-type')).toContain('application/json');
  });

  test('nothing configured: each client with its own key, said so in the banner', async () => {
    const proxy = await start({ args: ['--port', '0'] });
    expect(proxy.stdout).toContain("each client's own Cohere key");
    expect(proxy.stdout).toContain("-H 'Authorization: Bearer <Cohere key>'");
    expect(readFileSync(join(directory, '.cohere-proxy', 'proxy-secret'), 'utf8')).toMatch(
      /^[0-9a-f]{64}\n$/,
    );
  });

  test('with proxy keys it may be bound wider, and asks for them', async () => {
    writeFileSync(join(directory, 'keys.txt'), `ada ${canary}`);
    const proxy = await start({
      args: ['--proxy-keys-file=keys.txt', '--offline', '--port=0', '--host=0.0.0.0'],
    });
    expect(proxy.baseUrl).toMatch(/^http:\/\/localhost:/);
    const { port } = new URL(proxy.baseUrl);
    const status = async (headers: Record<string, string>) =>
      (await fetch(`http://127.0.0.1:${port}/v1/models`, { headers })).status;
    expect(await status({})).toBe(401);
    expect(await status({ authorization: `Bearer ${canary}` })).toBe(200);
  });

  test('what the banner says works', async () => {
    const proxy = await start({ args: ['--offline', '--port', '0'] });
    const { baseUrl } = proxy;
    const bodies = [...proxy.stdout.matchAll(/-d '(.*)'/g)].map(([, body = '']) => body);
    const send = async (body = ''): Promise<Record<string, unknown>> => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', headers, body });
      return JSON.parse(await response.text());
    };
    const first = await send(bodies[0]);
    expect(first).toMatchObject({ sessionId: expect.stringMatching(/^sess_/), reply: expect.any(String) });
    const second = await send(bodies[1]?.replace('sess_…', String(first.sessionId)));
    expect(second.sessionId).toBe(first.sessionId);
    expect(second.messages).toHaveLength(4);
  });

  test('a second one on the same port: one line, exit 1', async () => {
    const { port } = new URL((await start({ args: ['--offline', '--port', '0'] })).baseUrl);
    const { code, stdout, stderr } = await run({ args: ['--offline', '--port', port] });
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: `Port ${port} is already in use. Stop what listens there, or choose another with --port.\n`,
    });
  });
});

describe('ending', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('O1 %s: exit 0', async signal => {
    const proxy = await start({ args: ['--offline', '--port', '0'] });
    await proxy.kill(signal);
    expect(await proxy.exitCode).toBe(0);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('O1 a second %s does not wait for running turns', async (signal, code) => {
    const upstream = createServer().listen(0, '127.0.0.1');
    await once(upstream, 'listening');
    onTestFinished(() => {
      upstream.closeAllConnections();
      upstream.close();
    });
    const { port } = upstream.address() as AddressInfo;
    const proxy = await start({
      args: ['--port', '0', '--cohere-base-url', `http://127.0.0.1:${port}`],
      env: { COHERE_API_KEY: canary },
    });
    const { baseUrl } = proxy;
    const called = new Promise<void>(resolve => {
      upstream.on('request', ({ method }) => method === 'POST' && resolve());
    });
    const answer = fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"message": "canary"}',
    }).catch(() => 'broken off');
    await called;

    await proxy.kill(signal);
    // The first signal was taken when new connections are refused.
    while (
      await fetch(`${baseUrl}/models`).then(
        ({ ok }) => ok,
        () => false,
      )
    ) {}
    await proxy.kill(signal);
    expect(await proxy.exitCode).toBe(code);
    expect(await answer).toBe('broken off');
  });

  test('XF9 SIGHUP while it starts ends nothing, and is heard once it has started', async () => {
    const script = `
      import { registerHooks } from 'node:module';
      registerHooks({
        load(url, context, next) {
          if (url.endsWith('/src/server.ts')) process.kill(process.pid, 'SIGHUP');
          return next(url, context);
        },
      });`;
    const proxy = await start({
      nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(script)}`],
      args: ['--offline', '--port', '0'],
    });
    await proxy.logged(/SIGHUP is ignored/);
    await proxy.kill('SIGTERM');
    expect(await proxy.exitCode).toBe(0);
  });

  test('O5 whoever reads what it prints has left: it goes on', async () => {
    const proxy = await start({ args: ['--offline', '--port', '0'] });
    const { baseUrl } = proxy;
    proxy.stopReading();
    for (let turn = 0; turn < 3; turn += 1) {
      const headers = { 'content-type': 'application/json' };
      const body = '{"message": "canary"}';
      const response = await fetch(`${baseUrl}/chat/completions`, { method: 'POST', headers, body });
      expect(response.status).toBe(200);
      await response.text();
    }
    await proxy.kill('SIGHUP');
    expect((await fetch(`${baseUrl}/models`)).status).toBe(200);
    await proxy.kill('SIGTERM');
    expect(await proxy.exitCode).toBe(0);
  });

  test('O5 it is told to print where nobody reads from the start: it serves', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    const proxy = spawnProxy({ args: ['--offline', '--port', String(port)] });
    proxy.stopReading();
    let status = 0;
    while (status === 0 && proxy.isRunning)
      status = await fetch(`http://127.0.0.1:${port}/v1/models`).then(
        response => response.status,
        () => sleep(20, 0),
      );
    expect(status).toBe(200);
    await proxy.kill('SIGTERM');
    expect(await proxy.exitCode).toBe(0);
  });

  test.each([
    ['an uncaught error', "throw new Error('broken')"],
    ['an unhandled rejection', "Promise.reject(new Error('broken'))"],
  ])('O2 %s: told, closed, exit 1', async (_, statement) => {
    const script = `process.once('SIGUSR2', () => { ${statement} })`;
    const proxy = await start({
      nodeArgs: ['--import', `data:text/javascript,${encodeURIComponent(script)}`],
      args: ['--offline', '--port', '0'],
    });
    await proxy.kill('SIGUSR2');
    expect(await proxy.exitCode).toBe(1);
    expect(proxy.stderr).toMatch(/^\{"level":"fatal",.*"message":"broken",.*"msg":"uncaught error"\}\n/m);
  });
});
