// U11: wherever the network cuts Cohere's stream, the events are the same. Here on the pure reader, where every
// single position can be tried; `replay.test.ts` does it over sockets.

import { describe, expect, it } from 'vitest';
import { CohereStreamReader } from '../../src/cohere/read-stream.ts';
import { ToolNames } from '../../src/cohere/tool-names.ts';
import { ProxyError } from '../../src/conversation/errors.ts';
import type { TurnEvent } from '../../src/conversation/turn-event.ts';
import { defaultLimits } from '../../src/limits.ts';
import { fixture, fixtureNames } from '../support/fixtures.ts';
import { demandReference, recordings } from '../support/reference.ts';
import { splitBytes } from '../support/split-bytes.ts';

demandReference('The recorded streams');

interface Outcome {
  readonly events: readonly TurnEvent[];
  /** The code of the error that ended it. */
  readonly failure: string | undefined;
}

function read(pieces: Iterable<Uint8Array>): Outcome {
  const reader = new CohereStreamReader({
    toolNames: new ToolNames([]),
    maxEventBytes: 1 << 20,
    limits: defaultLimits,
  });
  const events: TurnEvent[] = [];
  try {
    for (const piece of pieces) events.push(...reader.push(piece));
    reader.end();
    return { events, failure: undefined };
  } catch (error) {
    if (error instanceof ProxyError) return { events, failure: error.code };
    throw error;
  }
}

const streams = [
  ...fixtureNames('sse').map(name => ({ name: `fixture ${name}`, text: fixture(`${name}.sse`) })),
  ...recordings().flatMap(({ id, response }) => (response.sse ? [{ name: id, text: response.sse }] : [])),
];

/** Beyond this, two pieces for each position would take quadratic time; see below. */
const maxPairwise = 6_000;
/** So far apart are the cuts where one reading tries many positions. */
const stride = 61;

describe.each(streams)('$name', ({ text }) => {
  const bytes = Buffer.from(text);
  const bytewise = read(splitBytes(bytes, 'every-byte'));
  const expected = JSON.stringify(bytewise);

  it('U11 in one piece', () => {
    const whole = read([bytes]);
    expect(whole.failure).toBe(bytewise.failure);
    // What came in the same read as a failure is not given out any more.
    if (whole.failure === undefined) expect(whole).toEqual(bytewise);
    else expect(bytewise.events.slice(0, whole.events.length)).toEqual(whole.events);
  });

  it('U11 cut at every position', () => {
    const cuts = bytes.length <= maxPairwise ? pairs(bytes.length) : combs(bytes.length);
    for (const splitAt of cuts) {
      const outcome = read(splitBytes(bytes, splitAt));
      // A failure takes along what stood in its piece: nothing before the failing event depends on the cut.
      const isSame =
        outcome.failure === undefined
          ? JSON.stringify(outcome) === expected
          : outcome.failure === bytewise.failure &&
            JSON.stringify(outcome.events) ===
              JSON.stringify(bytewise.events.slice(0, outcome.events.length));
      if (!isSame) expect.soft(outcome, `cut at ${splitAt.join()}`).toEqual(bytewise);
    }
  });

  it.each([
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('U11 with lines that end in %s, byte by byte', (_name, lineEnd) => {
    // One line more: after a CR at the very end, nobody can know whether its LF is still to come.
    const changed = Buffer.from(`${text}\n`.replaceAll('\n', lineEnd));
    expect(read(splitBytes(changed, 'every-byte'))).toEqual(bytewise);
    if (bytewise.failure === undefined) expect(read([changed])).toEqual(bytewise);
  });

  it('U11 with a byte order mark', () => {
    expect(read(splitBytes(Buffer.from(`\ufeff${text}`), 'every-byte'))).toEqual(bytewise);
  });
});

function* pairs(length: number): Generator<number[]> {
  for (let cut = 1; cut < length; cut += 1) yield [cut];
}

/** All positions, many in one reading: each is the cut of exactly one of the readings. */
function* combs(length: number): Generator<number[]> {
  for (let first = 1; first <= stride; first += 1) {
    const cuts: number[] = [];
    for (let cut = first; cut < length; cut += stride) cuts.push(cut);
    yield cuts;
  }
}
