// `npm run demo`, as a user starts it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../src/simulator/server.ts';

const main = fileURLToPath(new URL('../src/demo/main.ts', import.meta.url));

async function runDemo(env: Readonly<Record<string, string>> = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-demo-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const child = spawn(process.execPath, [main], {
    cwd: directory,
    env: { HOME: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}

/** The texts of all rows with this label, in order. */
function rows(stdout: string, label: string): string[] {
  return [...stdout.matchAll(/^ {2}(\S.{10}|\S.*?) +(\S.*)$/gm)]
    .filter(([, found = '']) => found.trim() === label)
    .map(([, , text = '']) => text);
}

test('without a key: one session over five requests, and what Cohere was sent in each', async () => {
  const { code, stdout, stderr } = await runDemo();
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

  const sessions = rows(stdout, 'session');
  const id = /^sess_[\w-]{22}(?= )/.exec(sessions[0] ?? '')?.[0];
  expect(sessions).toEqual([
    `${id}  (X-Session-State: new)`,
    ...Array<string>(4).fill(`${id}  (X-Session-State: continued)`),
  ]);
  expect(rows(stdout, 'answer')).toEqual([
    'Nice to meet you, Ada.',
    'You told me your name is Ada.',
    expect.stringContaining('Oslo: 4 °C, snow'),
    'You asked me to remember that I live in Paris; and that I fly there on Friday.',
  ]);
  expect(rows(stdout, 'to Cohere')).toEqual([
    '1 message: user',
    '3 messages: user asst user',
    '5 messages: user asst user asst user; tools: get_weather',
    '7 messages: user asst user asst user asst tool; tools: get_weather',
    '9 messages: user asst user asst user asst tool asst user; tools: get_weather',
  ]);
  expect(rows(stdout, 'calls')).toEqual(['get-weather {"city":"Oslo"}']);
  expect(rows(stdout, 'usage')).toHaveLength(5);

  // Short, and without colours where nobody looks.
  expect(stdout.split('\n').length).toBeLessThan(60);
  expect(stdout).not.toContain('\x1b');
});

test('with a key: the Cohere that is configured is asked, and the proxy says what it remembers', async () => {
  const cohere = await startSimulator();
  onTestFinished(() => cohere.close());
  const { code, stdout, stderr } = await runDemo({
    COHERE_API_KEY: 'demo-canary',
    COHERE_BASE_URL: cohere.url,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('asks Cohere, with COHERE_API_KEY');
  expect(cohere.requests.filter(({ path }) => path === '/v2/chat')).toHaveLength(5);
  expect(rows(stdout, 'to Cohere')).toEqual([]);
  expect(rows(stdout, 'remembered').at(-1)).toMatch(/^10 messages: /);
  expect(stdout).not.toContain('canary');
});

test.each([
  ['a key that Cohere refuses', 'invalid-canary', /^The demo failed: 403 Cohere refused the key .*\n$/],
  [
    'a key that cannot be one',
    'canary canary',
    /^The demo failed: COHERE_API_KEY: must be visible ASCII.*\n$/,
  ],
])('%s: one line, exit 1', async (_, COHERE_API_KEY, line) => {
  const cohere = await startSimulator();
  onTestFinished(() => cohere.close());
  const { code, stderr } = await runDemo({ COHERE_API_KEY, COHERE_BASE_URL: cohere.url });
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(line) });
  expect(stderr).not.toContain('canary');
});
