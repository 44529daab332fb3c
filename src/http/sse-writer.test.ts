// XF1: the last frames may give back megabytes; they go out in pieces, as the client takes them.
import { EventEmitter } from 'node:events';
import type { FastifyReply } from 'fastify';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SseWriter } from './sse-writer.ts';

/** A response whose client takes nothing until it is told to. */
class SlowResponse extends EventEmitter {
  readonly socket = null;
  readonly written: string[] = [];
  destroyed = false;
  writableEnded = false;
  takesAll = false;

  write(text: string): boolean {
    this.written.push(text);
    this.emit('written');
    return this.takesAll;
  }

  end(text: string): void {
    this.written.push(text);
    this.writableEnded = true;
  }

  setHeader(): void {}
  writeHead(): void {}
  setTimeout(): void {}

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

let raw: SlowResponse;
let writer: SseWriter;
const limits = { keepAliveCommentMs: 10, clientWriteTimeoutMs: 1_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  raw = new SlowResponse();
  const reply = { raw, hijack: () => {}, getHeaders: () => ({}) };
  writer = new SseWriter(reply as unknown as FastifyReply, limits);
});
afterEach(() => vi.useRealTimers());

const piece = (letter: string) => letter.repeat(600_000);
const nextWrite = () => new Promise(resolve => raw.once('written', resolve));

test('what is short leaves in one write', async () => {
  await writer.end('data: 1\n\n', ['data: 2', '\n\n']);
  expect(raw.written).toEqual(['data: 1\n\ndata: 2\n\n']);
  expect(raw.writableEnded).toBe(true);
});

test('each piece waits until the one before it was taken, and no comment comes between them', async () => {
  const made: string[] = [];
  function* pieces() {
    for (const letter of 'abc') {
      made.push(letter);
      yield piece(letter);
    }
    yield 'end';
  }
  const ended = writer.end('first ', pieces());
  expect(made).toEqual(['a']);
  await vi.advanceTimersByTimeAsync(500);
  expect(raw.written).toEqual([`first ${piece('a')}`]);
  for (const letter of 'bc') {
    const written = nextWrite();
    raw.emit('drain');
    await written;
    expect(made.at(-1)).toBe(letter);
  }
  raw.emit('drain');
  await ended;
  expect(raw.written).toEqual([`first ${piece('a')}`, piece('b'), piece('c'), 'end']);
  expect(raw.writableEnded).toBe(true);
});

test.each(['leaves', 'takes nothing for too long'])(
  'a client that %s between two pieces ends it',
  async how => {
    const ended = writer.end('', [piece('a'), piece('b')]);
    const rejected = expect(ended).rejects.toMatchObject({ code: 'client_closed_request' });
    if (how === 'leaves') raw.destroy();
    else await vi.advanceTimersByTimeAsync(limits.clientWriteTimeoutMs);
    await rejected;
    expect(raw.destroyed).toBe(true);
    expect(raw.written).toEqual([piece('a')]);
  },
);

test('others have their turn between two pieces that are taken at once', async () => {
  raw.takesAll = true;
  let turns = 0;
  const count = () => {
    turns += 1;
    if (!raw.writableEnded) setImmediate(count);
  };
  setImmediate(count);
  await writer.end(
    '',
    Array.from({ length: 10 }, () => piece('a')),
  );
  expect(turns).toBeGreaterThanOrEqual(9);
});
