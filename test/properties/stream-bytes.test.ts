// P2: a stream says the same wherever its bytes are cut, and no bytes at all do more than end it with an error of ours.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CohereStreamReader } from '../../src/cohere/read-stream.ts';
import { ToolNames } from '../../src/cohere/tool-names.ts';
import { ProxyError } from '../../src/conversation/errors.ts';
import type { TurnEvent } from '../../src/conversation/turn-event.ts';
import { defaultLimits } from '../../src/limits.ts';
import { fixture, fixtureNames } from '../support/fixtures.ts';
import { splitBytes } from '../support/split-bytes.ts';
import { fromSeed } from './from-seed.ts';

const streams = fixtureNames('sse').map(name => Buffer.from(fixture(`${name}.sse`)));
const maxEventBytes = 20_000;

interface Told {
  readonly events: readonly TurnEvent[];
  readonly code: string | undefined;
}

function read(pieces: readonly Uint8Array[]): Told {
  const reader = new CohereStreamReader({
    toolNames: new ToolNames([]),
    maxEventBytes,
    limits: defaultLimits,
  });
  const events: TurnEvent[] = [];
  try {
    for (const piece of pieces) events.push(...reader.push(piece));
    events.push(...reader.end());
    return { events, code: undefined };
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    return { events, code: error.code };
  }
}

/** What came before an error may have been told by then, or not. */
function expectSame(cut: Told, whole: Told): void {
  expect(cut.code).toBe(whole.code);
  if (whole.code === undefined) expect(cut.events).toEqual(whole.events);
}

const cutsOf = fc.array(fc.nat(1_000_000), { maxLength: 30 });
const splitAt = (bytes: Uint8Array, cuts: readonly number[]) =>
  splitBytes(
    bytes,
    cuts.map(cut => cut % Math.max(1, bytes.length)),
  );

test('P2 cut anywhere, a stream says what it says in one piece', () => {
  fc.assert(
    fc.property(fc.constantFrom(...streams), cutsOf, (bytes, cuts) => {
      expectSame(read(splitAt(bytes, cuts)), read([bytes]));
    }),
    fromSeed('cuts of streams'),
  );
});

/** A stream in which bytes were changed, left out, put in or said twice. */
const spoilt = fc
  .tuple(
    fc.constantFrom(...streams),
    fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(20), fc.uint8Array({ maxLength: 20 })), {
      minLength: 1,
      maxLength: 6,
    }),
  )
  .map(([bytes, edits]) => {
    let spoiltBytes = bytes;
    for (const [at, gone, added] of edits) {
      const place = at % (spoiltBytes.length + 1);
      spoiltBytes = Buffer.concat([
        spoiltBytes.subarray(0, place),
        added,
        spoiltBytes.subarray(place + gone),
      ]);
    }
    return spoiltBytes;
  });

const grammar = fc
  .array(
    fc.constantFrom(
      ...['data: ', 'data:', 'event: x\n', ':\n', 'id: \0\n', 'retry: 1e9\n', '\n', '\r', '\r\n', '\ufeff'],
      ...[
        '{"type":"content-delta"',
        ',"index":',
        '0',
        '-1',
        '1e999',
        '{}',
        '[]',
        'null',
        '"',
        '\\u0000',
        '}',
      ],
      ...[',"delta":{"message":{"content":{"text":"', 'é🌊', '[DONE]', '{"type":"message-end"}', '__proto__'],
    ),
    { maxLength: 40 },
  )
  .map(parts => Buffer.from(parts.join('')));

test('P2 whatever the bytes, nothing but an error of ours comes of them, and the same however they are cut', () => {
  const anyBytes = fc.oneof(
    spoilt,
    grammar,
    fc.uint8Array({ maxLength: 400 }).map(bytes => Buffer.from(bytes)),
  );
  fc.assert(
    fc.property(anyBytes, cutsOf, (bytes, cuts) => {
      expectSame(read(splitAt(bytes, cuts)), read([bytes]));
    }),
    fromSeed('any bytes', 3_000),
  );
});

test('P2 an event without end is given up at its limit', () => {
  const reader = new CohereStreamReader({
    toolNames: new ToolNames([]),
    maxEventBytes,
    limits: defaultLimits,
  });
  const piece = Buffer.from('x'.repeat(1_000));
  let taken = 0;
  expect(() => {
    reader.push(Buffer.from('data: '));
    for (; taken < 1_000; taken += 1) reader.push(piece);
  }).toThrow(ProxyError);
  expect(taken * piece.length).toBeLessThanOrEqual(maxEventBytes);
});
