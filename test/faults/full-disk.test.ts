// A disk that is full, and that never had much room: whole conversations are answered, and what is there can be deleted.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasSmallDisk, startOnSmallDisk } from '../support/small-disk.ts';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

async function startProxy(bytes: number) {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const env = {
    ...process.env,
    OFFLINE: 'true',
    PORT: '0',
    SESSION_STORE: `sqlite:${directory}/sessions.db`,
  };
  const child = startOnSmallDisk(directory, bytes, [main], env);
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  child.stderr.resume();
  child.stdout.setEncoding('utf8').on('data', part => {
    text += part;
  });
  while (!/Model .*\n/.test(text)) await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
  const url = /Address +(\S+)/.exec(text)?.[1]?.replace(/\/v1$/, '') ?? '';
  return async (method: string, path: string, body?: object) => {
    const answer = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: answer.status, headers: answer.headers, body: Object(await answer.json()) };
  };
}

describe.runIf(hasSmallDisk)('a full disk', () => {
  test.each([2, 3, 5, 12])('[S3] [K10] of %s MiB', async mebibytes => {
    const ask = await startProxy(mebibytes * 2 ** 20);
    const chat = (body: object) =>
      ask('POST', '/v1/chat/completions', { model: 'command-a-03-2025', ...body });
    const message = 'word '.repeat(20_000);
    let stored = 0;
    for (;;) {
      const { status, body } = await chat({ sessionId: `s${stored}`, message });
      if (status !== 200) {
        expect([status, body.error.code]).toEqual([507, 'store_full']);
        break;
      }
      stored += 1;
    }
    expect(stored).toBeGreaterThan(1);
    const first = { role: 'user', content: 'Hello' };
    const whole = [[first], [first, { role: 'assistant', content: 'Hi' }, { role: 'user', content: 'On' }]];
    for (const messages of whole) {
      const answered = await chat({ messages });
      expect(answered.status).toBe(200);
      expect(answered.body.choices[0].message.content).not.toBe('');
    }
    const alone = await chat({ messages: [first] });
    expect([alone.headers.get('x-session-state'), alone.body.sessionId]).toEqual(['none', null]);
    expect((await chat({ message: 'Hello' })).body.error.code).toBe('store_full');
    for (let at = 0; at < stored; at += 1)
      expect((await ask('DELETE', `/v1/sessions/s${at}`)).status).toBe(200);
    expect((await ask('DELETE', '/v1/sessions?all=true')).status).toBe(200);
    expect((await chat({ sessionId: 'anew', message: 'Hello' })).status).toBe(200);
  });
});
