// The proxy as a process with a file of keys: SIGHUP, changes, and who may read it. Catalogue A4, A9; XF9.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ProxyProcess } from '../support/proxy-process.ts';

const ada = 'canary-ada-0123456789';
const grace = 'canary-grace-0123456789';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-keys-'));
  file = join(directory, 'keys.txt');
});

async function start(...args: string[]): Promise<ProxyProcess> {
  const proxy = new ProxyProcess(directory, { args: ['--offline', '--port=0', ...args] });
  const made = directory;
  onTestFinished(async () => {
    await proxy.kill('SIGKILL');
    rmSync(made, { recursive: true, force: true });
    expect(proxy.stdout + proxy.stderr).not.toContain('canary');
  });
  await proxy.started();
  return proxy;
}

async function statusOf({ baseUrl }: ProxyProcess, key: string): Promise<number> {
  const response = await fetch(`${baseUrl}/sessions`, { headers: { authorization: `Bearer ${key}` } });
  await response.arrayBuffer();
  return response.status;
}

test('XF9 SIGHUP reads the keys again and cuts no stream; a key that is gone fails from its next request on', async () => {
  writeFileSync(file, `ada ${ada}\n`, { mode: 0o600 });
  const proxy = await start('--proxy-keys-file', file);
  const response = await fetch(`${proxy.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ada}`, 'content-type': 'application/json' },
    body: JSON.stringify({ message: 'Count to 300, please.', stream: true }),
  });
  expect(response.status).toBe(200);
  writeFileSync(file, `grace ${grace}\n`);
  await proxy.kill('SIGHUP');
  await proxy.logged(/proxy keys were read again: 1 for 1 owners/);
  expect(await response.text()).toMatch(/data: \[DONE\]\s*$/);
  expect(await statusOf(proxy, ada)).toBe(401);
  expect(await statusOf(proxy, grace)).toBe(200);
  expect(proxy.stderr).not.toContain('others can');
});

test('XF9 without SIGHUP too, also by rename; a file that is no good leaves the old keys', async () => {
  writeFileSync(file, `ada ${ada}\n`);
  const proxy = await start('--proxy-keys-file', file);
  let at = await proxy.logged(/others can read the file of the proxy keys/);
  writeFileSync(`${file}.new`, `ada ${ada}\ngrace ${grace}\n`);
  renameSync(`${file}.new`, file);
  at = await proxy.logged(/read again: 2 for 2 owners/, at);
  expect(await statusOf(proxy, grace)).toBe(200);
  writeFileSync(file, `ada ${ada}\n${grace}\n`);
  at = await proxy.logged(/stay as they were, because their file line 2/, at);
  expect(await statusOf(proxy, grace)).toBe(200);
  rmSync(file);
  at = await proxy.logged(/stay as they were, because their file cannot be read \(ENOENT\)/, at);
  expect(await statusOf(proxy, ada)).toBe(200);
  writeFileSync(file, `grace ${grace}\n`);
  await proxy.logged(/read again: 1 for 1 owners/, at);
  expect(await statusOf(proxy, ada)).toBe(401);
});

test.skipIf(process.platform === 'win32')(
  'XF9 a pipe in its place stops neither requests nor SIGHUP, and the next good file is taken',
  async () => {
    writeFileSync(file, `ada ${ada}\n`, { mode: 0o600 });
    const proxy = await start('--proxy-keys-file', file);
    execFileSync('mkfifo', [`${file}.new`]);
    renameSync(`${file}.new`, file);
    const problem = /stay as they were, because their file cannot be read \(not a regular file\)/;
    let at = await proxy.logged(problem);
    expect(await statusOf(proxy, ada)).toBe(200);
    await proxy.kill('SIGHUP');
    at = await proxy.logged(problem, at);
    expect(await statusOf(proxy, ada)).toBe(200);
    writeFileSync(`${file}.new`, `grace ${grace}\n`);
    renameSync(`${file}.new`, file);
    await proxy.logged(/read again: 1 for 1 owners/, at);
    expect(await statusOf(proxy, ada)).toBe(401);
  },
);

test('XF9 without a file SIGHUP does nothing but say so', async () => {
  const proxy = await start();
  await proxy.kill('SIGHUP');
  await proxy.logged(/SIGHUP is ignored/);
  expect(await statusOf(proxy, 'anything')).toBe(200);
  await proxy.kill('SIGTERM');
  expect(await proxy.exitCode).toBe(0);
});
