import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ConfigError } from './config.ts';
import { loadSecret } from './secret.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

test('A24 made once, for this user only, and read back', () => {
  const directory = join(home, 'a', 'b');
  const secret = loadSecret(directory);
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(loadSecret(directory)).toBe(secret);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, 'proxy-secret')).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory)).toEqual(['proxy-secret']);
});

test('~ is the home directory', () => {
  vi.stubEnv('HOME', home);
  const secret = loadSecret('~/.cohere-proxy');
  expect(readFileSync(join(home, '.cohere-proxy', 'proxy-secret'), 'utf8')).toBe(`${secret}\n`);
});

test('processes that start at the same moment have the same secret', async () => {
  const moduleUrl = JSON.stringify(new URL('./secret.ts', import.meta.url).href);
  const code = `import(${moduleUrl}).then(({ loadSecret }) => {
    const { parentPort, workerData } = require('node:worker_threads');
    Atomics.wait(new Int32Array(workerData.gate), 0, 0);
    parentPort.postMessage(loadSecret(workerData.directory));
  })`;
  const gate = new SharedArrayBuffer(4);
  const directory = join(home, 'data');
  const secrets = Array.from({ length: 4 }, () => {
    const worker = new Worker(code, { eval: true, workerData: { gate, directory } });
    return new Promise<string>((resolve, reject) => worker.once('message', resolve).once('error', reject));
  });
  Atomics.store(new Int32Array(gate), 0, 1);
  Atomics.notify(new Int32Array(gate), 0);
  expect(new Set(await Promise.all(secrets)).size).toBe(1);
  expect(readdirSync(directory)).toEqual(['proxy-secret']);
});

test.each(['', 'canary', 'f'.repeat(63), 'F'.repeat(64)])(
  'a file with other content (%j) is an error, not replaced',
  content => {
    writeFileSync(join(home, 'proxy-secret'), content);
    expect(() => loadSecret(home)).toThrow(ConfigError);
    expect(() => loadSecret(home)).toThrow(
      /^dataDir: the file proxy-secret does not hold 64 hexadecimal digits/,
    );
    expect(readFileSync(join(home, 'proxy-secret'), 'utf8')).toBe(content);
  },
);

test('a directory that cannot be is one clear problem', () => {
  writeFileSync(join(home, 'file'), '');
  expect(() => loadSecret(join(home, 'file', 'data'))).toThrow(
    'dataDir: the secret cannot be kept there (ENOTDIR); choose another directory or set PROXY_SECRET',
  );
  mkdirSync(join(home, 'proxy-secret'));
  expect(() => loadSecret(home)).toThrow('(EISDIR)');
});

test.skipIf(process.platform === 'win32')('XF9 a pipe in its place is one clear problem too', () => {
  execFileSync('mkfifo', [join(home, 'proxy-secret')]);
  expect(() => loadSecret(home)).toThrow('(not a regular file)');
});
