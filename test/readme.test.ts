// The README is a promise: what it lists is all there is, and what it shows is what happens.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { helpText } from '../src/command-line.ts';
import { type ErrorCode, ProxyError } from '../src/conversation/errors.ts';
import { CohereProxyServer } from '../src/index.ts';
import { defaultLimits } from '../src/limits.ts';
import { chatBody } from '../src/openai-chat/wire.ts';
import { faults } from '../src/simulator/faults.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string) => readFileSync(`${root}/${path}`, 'utf8');
const readme = read('README.md');
const pages = [
  'CONTRIBUTING.md',
  'docs/turn.md',
  'docs/recognition.md',
  'docs/clients.md',
  'docs/sessions.md',
  'docs/stores.md',
];

/** The text under a heading, up to the next one of its level. */
function section(heading: string): string {
  const text = readme.split(/^## /m).find(part => part.startsWith(`${heading}\n`));
  if (text === undefined) throw new Error(`no section "${heading}"`);
  return text;
}

/** The cells of each row, without the backquotes around a whole cell. */
function tableRows(text: string): string[][] {
  const lines = text.split('\n').filter(line => line.startsWith('| '));
  return lines
    .filter(line => !line.startsWith('| ---'))
    .map(line =>
      line
        .slice(1, line.lastIndexOf('|'))
        .split('|')
        .map(cell => cell.trim().replace(/^`([^`]*)`$/, '$1')),
    );
}

describe('the tables are complete', () => {
  test('every flag, with its variable and its default, and no other', () => {
    // A help line: two spaces and a flag, or four and a variable; what wraps is indented further.
    const entries = helpText()
      .split(/\n(?= {2}--| {4}[A-Z])/)
      .slice(1)
      .map(entry =>
        entry
          .replace(/\n\n[\s\S]*$/, '')
          .replace(/\s+/g, ' ')
          .trim(),
      );
    expect(entries.length).toBeGreaterThan(10);
    const rows = tableRows(section('Configuration')).slice(1);
    const inHelp = entries.map(entry => {
      const [, flag = '', variable = ''] = /^(--[a-z-]+)?(?:, -h)? ?([A-Z][A-Z_]+)?/.exec(entry) ?? [];
      const isSwitch = /^--(offline|session-store-optional)$/.test(flag);
      const switched = flag.slice(2).replaceAll('-', '_').toUpperCase();
      return [flag, isSwitch ? switched : variable, /\(default: (.*)\)$/.exec(entry)?.[1] ?? ''];
    });
    expect(rows.map(row => row.slice(0, 3))).toEqual(inHelp);
  });

  test('every error code, with its status, its type and whether to try again', () => {
    const source = read('src/conversation/errors.ts');
    const codes = [...source.matchAll(/^ {2}([a-z_]+): (?:refused|missing|\{\s+status: \d+)/gm)].map(
      ([, code]) => code,
    );
    expect(codes).toContain('internal_error');
    const expected = codes.map(code => {
      const { status, type, retryAfterS, shouldRetry } = new ProxyError(code as ErrorCode, '');
      // What the official client does where it is not told: 408, 409, 429 and 5xx are tried again.
      const isRetried = shouldRetry ?? (status === 408 || status === 409 || status === 429 || status >= 500);
      const retry = isRetried ? `yes${retryAfterS === undefined ? '' : `, after ${retryAfterS} s`}` : 'no';
      return [String(status), code, type, retry];
    });
    const rows = tableRows(section('Errors')).slice(1);
    expect(rows.map(row => row.slice(0, 4)).sort()).toEqual(expected.sort());
  });

  test('every parameter that is read', () => {
    const text = section('Parameters');
    const missing = Object.keys(chatBody.shape).filter(name => !text.includes(`\`${name}\``));
    expect(missing).toEqual([]);
  });

  test('every word that makes the offline Cohere fail', () => {
    const words = section('The offline Cohere').match(/simulate:[a-z0-9-]+/g);
    expect([...new Set(words)].sort()).toEqual(Object.keys(faults).sort());
  });

  test('every dependency, and no other', () => {
    const { dependencies, optionalDependencies, devDependencies } = JSON.parse(read('package.json'));
    const runTime = [...Object.keys(dependencies), ...Object.keys(optionalDependencies)];
    const names = tableRows(section('Dependencies'))
      .map(([name]) => name)
      .filter(name => name !== 'package');
    expect(names).toEqual([...runTime, ...Object.keys(devDependencies)]);
  });

  test('the contents, and every link into the project', () => {
    const anchors = [...readme.matchAll(/^## (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    );
    const listed = [...readme.matchAll(/^- \[.*\]\(#(.*)\)$/gm)].map(([, anchor]) => anchor);
    expect(listed).toEqual(anchors);
    for (const page of ['README.md', ...pages]) {
      const folder = page.slice(0, page.lastIndexOf('/') + 1);
      for (const [, target = ''] of read(page).matchAll(/\]\(([^)#][^)]*?)(?:#.*?)?\)/g)) {
        if (!/^https?:/.test(target))
          expect(existsSync(`${root}/${folder}${target}`), `${page}: ${target}`).toBe(true);
      }
    }
  });

  test('every folder of src in the tree, and every file that the pages name', () => {
    const tree = read('CONTRIBUTING.md');
    const folders = readdirSync(`${root}/src`).filter(name => /^[a-z-]+$/.test(name));
    const full = folders.filter(name => readdirSync(`${root}/src/${name}`).length > 0);
    expect(full.filter(name => !tree.includes(`\n  ${name}/ `))).toEqual([]);
    for (const page of pages) {
      for (const [, path = ''] of read(page).matchAll(/`((?:src|test)\/[\w./-]*)`/g)) {
        expect(existsSync(`${root}/${path}`), `${page}: ${path}`).toBe(true);
      }
    }
  });

  test('[I7] the limits that it names', () => {
    const said = (text: string) => expect(readme.replace(/\s+/g, ' ')).toContain(text);
    const { bodyBytes, streams, sessionQueue, sessionWaitMs, shutdownMs, keepAliveCommentMs } = defaultLimits;
    said(`more than ${bodyBytes / 1024 / 1024} MiB`);
    said(`${streams.toLocaleString('en')} streams are open`);
    said(`up to ${sessionQueue} requests and ${sessionWaitMs / 1000} s each`);
    said(`${shutdownMs / 1000} s to end`);
    said(`After ${keepAliveCommentMs / 1000} s of silence`);
    const { firstEventTimeoutMs, idleTimeoutMs, totalTimeoutMs, connectTimeoutMs } = defaultLimits;
    said(`silent for ${firstEventTimeoutMs / 1000} s before, or ${idleTimeoutMs / 1000} s after`);
    said(`longer than ${totalTimeoutMs / 60_000} min, or its connection than ${connectTimeoutMs / 1000} s`);
  });
});

const address = 'http://127.0.0.1:8080';

async function startOffline(): Promise<string> {
  const server = new CohereProxyServer({
    offline: true,
    port: 0,
    sessionStore: 'memory:',
    logLevel: 'silent',
  });
  onTestFinished(() => server.close());
  return (await server.listen()).url;
}

interface Shown {
  readonly command: string;
  /** The JSON that stands right below. */
  readonly answer: string | undefined;
}

function shownRequests(): Shown[] {
  const blocks = [...readme.matchAll(/```sh\n(curl[\s\S]*?)```\n(?:```json\n([\s\S]*?)```)?/g)];
  return blocks.flatMap(([, commands = '', answer]) =>
    commands.split(/\n(?=curl )/).map(command => ({ command, answer })),
  );
}

async function runScript(code: string): Promise<string> {
  const args = ['--input-type=module', '--eval', code];
  // It keeps its sessions at home.
  const home = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  const env = { ...process.env, HOME: home };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return stdout;
}

/** Counted by the simulator, or the time: only that there is a number. */
const varying = new Set(['created', 'prompt_tokens', 'completion_tokens', 'total_tokens']);

/** What is shown stands in the answer; `…` is anything. What is left out of an object is not looked at. */
function expectShown(shown: unknown, answer: unknown, path = 'answer'): void {
  if (shown === '…') return;
  if (typeof shown === 'string' && shown.includes('…')) {
    const pattern = shown
      .split('…')
      .map(part => part.replace(/[^\w ]/g, '\\$&'))
      .join('.*');
    expect(answer, path).toMatch(new RegExp(`^${pattern}$`, 's'));
  } else if (Array.isArray(shown)) {
    expect(answer, path).toHaveLength(shown.length);
    for (const [index, item] of shown.entries())
      expectShown(item, (answer as unknown[])[index], `${path}[${index}]`);
  } else if (typeof shown === 'object' && shown !== null) {
    for (const [key, value] of Object.entries(shown)) {
      const found = (answer as Record<string, unknown> | undefined)?.[key];
      if (varying.has(key)) expect(found, `${path}.${key}`).toBeTypeOf('number');
      else expectShown(value, found, `${path}.${key}`);
    }
  } else expect(answer, path).toEqual(shown);
}

describe('what it shows works', () => {
  test('every curl command, and the answer below it', async () => {
    const url = await startOffline();
    const shown = shownRequests();
    expect(shown.length).toBeGreaterThanOrEqual(9);
    let sessionId = '';
    let callId = '';
    for (const { command, answer } of shown) {
      const target = /http:\/\/127\.0\.0\.1:8080[^\s']*/.exec(command)?.[0].replace(address, url) ?? '';
      const body = /-d '([^']*)'/.exec(command)?.[1];
      const given = body?.replaceAll('sess_…', sessionId).replaceAll('call_…', callId);
      const method = /-X (\w+)/.exec(command)?.[1] ?? (body ? 'POST' : 'GET');
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(target, { method, headers, ...(given ? { body: given } : {}) });
      const text = await response.text();
      expect(response.status, `${command}\n${text}`).toBe(200);
      if (text.startsWith('data:')) {
        expect(text).toMatch(/\ndata: \[DONE\]\n\n$/);
        continue;
      }
      if (answer) expectShown(JSON.parse(answer), JSON.parse(text));
      sessionId = /"sessionId":"(sess_[^"]*)"/.exec(text)?.[1] ?? sessionId;
      callId = /"tool_calls":\[\{"id":"([^"]*)"/.exec(text)?.[1] ?? callId;
    }
  });

  test('the example for Node', async () => {
    const code = /```js\n(import OpenAI[\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const said = /console\.log.*\/\/ offline: (.*)\n/.exec(code)?.[1];
    expect(await runScript(code.replace(address, await startOffline()))).toBe(`${said}\n`);
  });

  test('the example of the library', async () => {
    const code = /```js\n(import \{ CohereProxyServer[\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const index = new URL('../src/index.ts', import.meta.url).href;
    expect(await runScript(code.replace("'cohere-proxy'", `'${index}'`))).toMatch(
      /http:\/\/127\.0\.0\.1:\d+\/v1\n$/,
    );
  });
});

describe('what it says of sessions holds', () => {
  const model = 'command-a-03-2025';
  const talk = [
    { role: 'user', content: 'My name is Bob.' },
    { role: 'assistant', content: 'Hello Bob.' },
    { role: 'user', content: 'What is my name?' },
  ];

  async function startTalking() {
    const url = await startOffline();
    return async (body: object, headers: Readonly<Record<string, string>> = {}) => {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
      const { sessionId, reply, messages, error } = (await response.json()) as Record<string, unknown>;
      return { url, status: response.status, headers: response.headers, sessionId, reply, messages, error };
    };
  }

  test('I1 one name, two users: two sessions', async () => {
    const say = await startTalking();
    await say({ sessionId: 'trip', message: 'My name is Ada.' });
    const other = await say({ sessionId: 'trip', user: 'bob', message: 'What is my name?' });
    expect(other.headers.get('x-session-state')).toBe('new');
    expect(other.reply).toBe('You have not told me your name yet.');
  });

  test('an unknown made id is an error, a whole conversation with it is not', async () => {
    const say = await startTalking();
    expect(await say({ sessionId: 'sess_unknown', message: 'Hello' })).toMatchObject({
      status: 404,
      error: { code: 'session_not_found' },
    });
    const whole = await say({ sessionId: 'sess_unknown', messages: talk });
    expect(whole).toMatchObject({ status: 200, sessionId: expect.stringMatching(/^sess_.{22}$/) });
  });

  test('a whole conversation: new, continued, forked; with a sessionId it replaces, and keeps what was there', async () => {
    const say = await startTalking();
    const first = await say({ model, messages: talk });
    expect(first.headers.get('x-session-state')).toBe('new');
    expect(first.messages).toBeUndefined();
    const answered = [...talk, { role: 'assistant', content: 'You told me your name is Bob.' }];
    const goingOn = [...answered, { role: 'user', content: 'Thanks.' }];
    const second = await say({ model, messages: goingOn });
    expect(second.headers.get('x-session-state')).toBe('continued');
    expect(second.sessionId).toBe(first.sessionId);
    const rewound = await say({ model, messages: goingOn });
    expect(rewound.headers.get('x-session-state')).toBe('forked');
    const again = await say({ model, messages: talk });
    // No answer of ours is shared yet.
    expect(again.headers.get('x-session-state')).toBe('new');
    expect(again.sessionId).not.toBe(first.sessionId);
    const replaced = await say({
      sessionId: first.sessionId,
      messages: talk.slice(1),
      include_messages: true,
    });
    expect(replaced.sessionId).toBe(first.sessionId);
    expect(replaced.messages).toHaveLength(3);
    const listed = await fetch(`${replaced.url}/v1/sessions?branches=true`);
    const { data } = (await listed.json()) as { data: { id: string; message_count: number }[] };
    expect(data.map(session => session.message_count).sort()).toEqual([3, 4, 6, 6]);
  });

  test('I5 Idempotency-Key: the stored answer, or 422', async () => {
    const say = await startTalking();
    const key = { 'idempotency-key': 'k1' };
    const first = await say({ message: 'Hello' }, key);
    const again = await say({ message: 'Hello' }, key);
    expect(again).toMatchObject({ sessionId: first.sessionId, reply: first.reply });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.messages).toHaveLength(2);
    expect(await say({ message: 'Bye' }, key)).toMatchObject({
      status: 422,
      error: { code: 'idempotency_key_reused' },
    });
  });

  test('the example of the headers: as it is printed', async () => {
    const text = section('Headers');
    const body = /-d '(\{[\s\S]*?\})'\n/.exec(text)?.[1] ?? '';
    const printed = [...text.matchAll(/^(X-[\w-]+): (.*)$/gm)];
    expect(printed).toHaveLength(4);
    const say = await startTalking();
    const { status, headers } = await say(JSON.parse(body));
    expect(status).toBe(200);
    for (const [, name = '', value] of printed) expect(headers.get(name), name).toBe(value);
  });

  test('headers name what was dropped and clamped', async () => {
    const say = await startTalking();
    const { headers } = await say({
      message: 'Hello',
      temperature: 1.5,
      max_tokens: -1,
      store: true,
      reasoning_effort: 'high',
    });
    expect(headers.get('x-clamped-parameters')).toBe('temperature=1');
    expect(headers.get('x-dropped-parameters')).toBe('store, reasoning_effort');
    expect(headers.get('x-request-id')).toMatch(/^req_/);
  });
});
