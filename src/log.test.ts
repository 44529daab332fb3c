import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { resolveConfig } from './config.ts';
import { fatalLine, loggerOptions } from './log.ts';
import { createLogStream } from './log-stream.ts';

function logged(write: (log: ReturnType<typeof Fastify>['log']) => void): string {
  const lines: string[] = [];
  const app = Fastify({ logger: loggerOptions('trace', { write: line => lines.push(line) }) });
  write(app.log);
  return lines.join('');
}

test('A20 nothing named like a secret is logged, at any depth, nor a config', () => {
  const config = resolveConfig({
    cohereApiKey: 'canary-cohere',
    proxySecret: 'canary-secret-0123456789-0123456789',
  });
  const text = logged(log => {
    log.info(
      { config, options: { cohereApiKey: 'canary-1', proxyKeys: [{ name: 'a', key: 'canary-2' }] } },
      'start',
    );
    log.info({ headers: { Authorization: 'Bearer canary-3', cookie: 'canary-4', 'x-api-key': 'canary-5' } });
    log.child({ reqId: 1 }).warn({ a: { b: { c: { d: { e: { f: { access_token: 'canary-6' } } } } } } });
    log.error(Object.assign(new Error('refused'), { request: { headers: { authorization: 'canary-7' } } }));
  });
  expect(text.match(/canary/g)).toBeNull();
  expect(text).toContain('"msg":"start"');
  expect(text).toContain('"message":"refused"');
});

test('A21 no text of a conversation is logged, counts are', () => {
  const text = logged(log => {
    log.info({ messages: [{ content: 'canary' }], reply: 'canary', inputTokens: 12, tokens: 3 });
    try {
      JSON.parse('"canary');
    } catch (error) {
      log.error(error);
      log.error({ err: error }, 'not JSON');
      log.error({ err: new Error('outer', { cause: error }) });
      expect(fatalLine(error, 'end')).not.toContain('canary');
    }
  });
  expect(text).not.toContain('canary');
  expect(text).toContain('"inputTokens":12');
  expect(text).toContain('"type":"SyntaxError"');
});

test.each<[string, () => unknown]>([
  ['whose fields cannot be read', () => new Proxy({}, { get: fail })],
  ['whose kind cannot be asked', () => new Proxy({}, { getPrototypeOf: fail })],
  ['whose fields cannot be listed', () => new Proxy({}, { ownKeys: fail })],
  ['whose message throws', () => Object.defineProperty(new Error('x'), 'message', { get: fail })],
  ['whose stack is a number', () => Object.defineProperty(new Error('x'), 'stack', { value: 7 })],
  ['that cannot be written as JSON', () => ({ toJSON: fail })],
  ['that is a symbol', () => Symbol('x')],
])('P10 an error %s is logged without throwing', (_, make) => {
  const text = logged(log => log.error({ code: 'internal_error', err: make() }, 'request failed'));
  expect(JSON.parse(text)).toMatchObject({ code: 'internal_error', msg: 'request failed' });
});

function fail(): never {
  throw new Error('hostile');
}

test('a request is logged by its route, without path, query and headers', async () => {
  const lines: string[] = [];
  const app = Fastify({ logger: loggerOptions('trace', { write: line => lines.push(line) }) });
  app.get('/v1/sessions/:id', () => 'ok');
  await app.inject({ url: '/v1/sessions/canary?key=canary', headers: { authorization: 'Bearer canary' } });
  const text = lines.join('');
  expect(text).toContain('"route":"/v1/sessions/:id"');
  expect(text).not.toContain('canary');
});

type Done = (error: NodeJS.ErrnoException | null, written: number) => void;

function slowStream(maxPendingChars: number) {
  const writes: { text: string; done: Done }[] = [];
  const stream = createLogStream({
    maxPendingChars,
    write: (bytes, done) => void writes.push({ text: bytes.toString(), done }),
    writeSync: bytes => void writes.push({ text: bytes.toString(), done: () => {} }),
  });
  return { writes, stream };
}

test('O5 a slow reader: lines are kept up to the limit, then dropped and counted', () => {
  const { writes, stream } = slowStream(10);
  for (const line of ['one\n', 'two\n', 'three\n', 'four\n', 'five\n']) stream.write(line);
  expect(writes.map(({ text }) => text)).toEqual(['one\n']);

  writes[0]?.done(null, 2);
  expect(writes[1]?.text).toBe('e\n');
  writes[1]?.done(null, 2);
  expect(writes[2]?.text).toBe('two\nthree\n{"level":"warn","msg":"log lines dropped","dropped":2}\n');
});

test('O5 a broken pipe ends the log, not the process', () => {
  const { writes, stream } = slowStream(100);
  stream.write('one\n');
  writes[0]?.done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), 0);
  stream.write('two\n');
  stream.flushSync();
  expect(writes).toHaveLength(1);
});

test('O5 a full disk: lines are dropped and counted, and written again once there is room', () => {
  const { writes, stream } = slowStream(100);
  const full = Object.assign(new Error('write ENOSPC'), { code: 'ENOSPC' });
  stream.write('one\n');
  stream.write('two\n');
  writes[0]?.done(full, 0);
  // Nothing is tried without a line to write.
  expect(writes).toHaveLength(1);
  stream.write('three\n');
  expect(writes[1]?.text).toBe('two\nthree\n');
  writes[1]?.done(full, 0);
  stream.write('four\n');
  writes[2]?.done(null, 5);
  expect(writes[3]?.text).toBe('{"level":"warn","msg":"log lines dropped","dropped":3}\n');
});

test('O5 what is kept is written at the end', () => {
  const { writes, stream } = slowStream(100);
  stream.write('one\n');
  stream.write('two\n');
  stream.flushSync();
  expect(writes.map(({ text }) => text)).toEqual(['one\n', 'two\n']);
});
