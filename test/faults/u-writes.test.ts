// Answers of Cohere's, good and bad, and how the network cuts them: XA1. Whether head and body come in one write, in two
// or byte by byte, with the end at once or never: the client is told the same, nothing is left unhandled, and whoever
// else is being answered goes on.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { fixture, fixtureNames } from '../support/fixtures.ts';
import { Gate } from '../support/gate.ts';
import { ask, expectAnswered, goodAnswer, type Outcome, readOutcome } from '../support/outcome.ts';
import { postText } from '../support/raw-client.ts';
import { chatPath, type Pair, startPair, within } from '../support/start.ts';
import { passTimeByTurns } from '../support/turn-clock.ts';
import { bytes, chunk, end, fin, gate, hang, head, type Step } from '../support/upstream-script.ts';

const uncaught: unknown[] = [];
const note = (error: unknown) => void uncaught.push(error);

beforeAll(() => {
  process.on('uncaughtExceptionMonitor', note);
});
afterAll(() => {
  process.off('uncaughtExceptionMonitor', note);
});
// The pause before a repeat is a random one: none here.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

/** What came over the wire, and where its head ends. */
interface Wire {
  readonly head: Buffer;
  readonly body: Buffer;
}

type Framed = 'length' | 'chunked' | 'close' | 'none' | { readonly length: number };

function wire(
  status: number,
  type: string | undefined,
  body: string | Uint8Array,
  framed: Framed = 'length',
  headers: Readonly<Record<string, string>> = {},
): Wire {
  const data = Buffer.from(body);
  const lines = [
    `HTTP/1.1 ${status} Scripted`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  if (type !== undefined) lines.push(`content-type: ${type}`);
  if (framed === 'chunked') lines.push('transfer-encoding: chunked');
  if (framed === 'length') lines.push(`content-length: ${data.length}`);
  if (framed === 'close') lines.push('connection: close');
  if (typeof framed === 'object') lines.push(`content-length: ${framed.length}`);
  return {
    head: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`),
    body:
      framed === 'chunked'
        ? Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n0\r\n\r\n')])
        : data,
  };
}

const whole = ({ head, body }: Wire) => Buffer.concat([head, body]);

/** Each ends the connection after it where nothing else says that the answer is over. */
const cuts: readonly (readonly [string, (answer: Wire) => Step[]])[] = [
  ['in two writes', ({ head, body }) => [bytes(head), bytes(body), fin()]],
  ['in one write', answer => [bytes(whole(answer)), fin()]],
  ['with the end at once', answer => [fin(whole(answer))]],
  [
    'after a 100, glued',
    answer => [fin(Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), whole(answer)]))],
  ],
];

const request = { model: 'command-a-03-2025', messages: [{ role: 'user', content: 'hi' }] };

const json = 'application/json';
const sse = 'text/event-stream';
const html = '<html><body>Sign in to the network</body></html>';
const good = JSON.stringify(goodAnswer('good'));

const goodAnswers: (readonly [string, Wire])[] = [
  ...fixtureNames('json').map(name => [`${name}.json`, wire(200, json, fixture(`${name}.json`))] as const),
  ...fixtureNames('sse').map(
    name => [`${name}.sse`, wire(200, sse, fixture(`${name}.sse`), 'chunked')] as const,
  ),
  ['plain.sse up to the end of the connection', wire(200, sse, fixture('plain.sse'), 'close')],
];

const refusals: (readonly [string, Wire])[] = [
  ...[
    '400-too-many-tokens',
    '401-invalid-token',
    '404-model-not-found',
    '422-unknown-field',
    '429-per-minute',
  ].map(name => [name, wire(Number(name.slice(0, 3)), json, fixture(`errors/${name}.json`))] as const),
  ['503 in HTML', wire(503, 'text/html', fixture('errors/503.html'))],
  ['500 with nothing', wire(500, undefined, '')],
];

const encodings: readonly (readonly [string, Buffer])[] = [
  ['gzip', gzipSync(good)],
  ['deflate', deflateSync(good)],
  ['br', brotliCompressSync(good)],
  ['x-unheard-of', Buffer.from(good)],
  ['gzip, br', Buffer.from('\x1f\x8b')],
];

const unreadable: (readonly [string, Wire])[] = [
  ['HTML', wire(200, 'text/html', html)],
  ['HTML, chunked', wire(200, 'text/html; charset=utf-8', html, 'chunked')],
  ['HTML without a length', wire(200, 'text/html', html, 'close')],
  ['no type', wire(200, undefined, good)],
  ['an empty type', wire(200, '', good)],
  ['a picture', wire(200, 'image/png', Buffer.from([0x89, 0x50, 0, 0xff]))],
  ['nothing of no type', wire(200, undefined, '')],
  ['JSON that is longer than its length', wire(200, json, good, { length: 20 })],
  ['204', wire(204, undefined, '', 'none')],
  ['204 with a body', wire(204, json, good, 'none')],
  ['304', wire(304, undefined, '', 'none')],
  ['301', wire(301, 'text/html', html, 'length', { location: 'http://127.0.0.1:1/' })],
  ['no JSON', wire(200, json, '{"mess')],
  ...[200, 400, 401, 404, 422, 429, 500, 503].flatMap(status =>
    encodings.map(
      ([encoding, body]) =>
        [
          `${status} ${encoding}`,
          wire(status, json, body, 'length', { 'content-encoding': encoding }),
        ] as const,
    ),
  ),
];

/** What the client is told, without what differs each time. */
function told({ status, error, text, finishReasons, isDone }: Outcome): object {
  return { status, error, text, finishReasons, isDone };
}

/** A stream of another client, open while `meanwhile` runs, and whole after it. */
async function beside(pair: Pair, meanwhile: () => Promise<void>): Promise<void> {
  const place = new Gate();
  pair.fake.script(
    head(),
    chunk(frames(begin, text('a'))),
    gate(place),
    chunk(frames(text('b'), messageEnd())),
    end(),
  );
  const other = await pair.post({ ...request, stream: true });
  await place.reached;
  await meanwhile();
  place.open();
  expectAnswered(await readOutcome(other), 'ab');
  await new Promise(resolve => setImmediate(resolve));
  expect(uncaught).toEqual([]);
}

describe.each([true, false])('(stream %s)', stream => {
  it('[XA1] U11 good answers and refusals: the same however they are cut', async () => {
    const pair = await startPair({ sessionStore: 'none' });
    await beside(pair, async () => {
      for (const [name, answer] of [...goodAnswers, ...refusals]) {
        let expected: object | undefined;
        for (const [how, steps] of cuts) {
          pair.fake.setDefault(() => steps(answer));
          const outcome = told(await ask(pair, { ...request, stream }));
          expected ??= outcome;
          expect(outcome, `${name} ${how}`).toEqual(expected);
        }
      }
    });
  });

  it('[XA1] [XF2] U19 U20 what cannot be read: 502 however it is cut', async () => {
    const pair = await startPair({ sessionStore: 'none' });
    await beside(pair, async () => {
      for (const [name, answer] of unreadable) {
        for (const [how, steps] of cuts) {
          pair.fake.setDefault(() => steps(answer));
          const outcome = await ask(pair, { ...request, stream });
          expect([outcome.status, outcome.error?.code], `${name} ${how}`).toEqual([
            502,
            'upstream_invalid_response',
          ]);
        }
      }
    });
  });
});

it('[XA1] byte by byte: good answers, HTML and encodings', async () => {
  const pair = await startPair({ sessionStore: 'none' });
  await beside(pair, async () => {
    for (const [, answer] of [goodAnswers[0], unreadable[0], unreadable.at(-1)].filter(
      one => one !== undefined,
    )) {
      for (const splitAt of ['every-byte', undefined] as const) {
        pair.fake.setDefault(() => [bytes(whole(answer), splitAt ? { splitAt } : {}), fin()]);
        const outcome = await ask(pair, request);
        expect(outcome.status).toBe(answer === goodAnswers[0]?.[1] ? 200 : 502);
      }
    }
  });
});

it('[XA1] answers of whatever kind to a client that has left', async () => {
  const pair = await startPair({ sessionStore: 'none' });
  await beside(pair, async () => {
    for (const [, answer] of [...goodAnswers, ...refusals, ...unreadable]) {
      for (const stream of [true, false]) {
        const place = new Gate();
        pair.fake.script(gate(place), fin(whole(answer)));
        const client = await pair.connect();
        await client.send(postText(chatPath, { ...request, stream }));
        await place.reached;
        // Both cross on their way.
        client.reset();
        place.open();
        await pair.fake.chatRequests.at(-1)?.closed;
      }
    }
  });
});

it('[XA1] U9 answers that never end: refused at once where the head says enough, else in their time', async () => {
  passTimeByTurns();
  const pair = await startPair({
    sessionStore: 'none',
    limits: { firstEventTimeoutMs: 500, totalTimeoutMs: 1_000 },
  });
  const endless = (type: string | undefined, headers = {}) => {
    const { head: lines } = wire(200, type, '', 'chunked', headers);
    return [bytes(lines), bytes('1\r\n<\r\n'), hang()];
  };
  for (const stream of [true, false]) {
    const code = async (steps: Step[]) => {
      pair.fake.setDefault(() => steps);
      const outcome = await within(ask(pair, { ...request, stream }), 'an answer');
      return outcome.error?.code;
    };
    expect(await code(endless('text/html'))).toBe('upstream_invalid_response');
    expect(await code(endless(json, { 'content-encoding': 'gzip' }))).toBe('upstream_invalid_response');
    expect(['upstream_timeout', 'upstream_stalled']).toContain(await code(endless(json)));
    expect(['upstream_timeout', 'upstream_stalled']).toContain(await code(endless(sse)));
    expect(['upstream_timeout', 'upstream_stalled']).toContain(await code([hang()]));
    expect(['upstream_timeout', 'upstream_stalled']).toContain(
      await code([bytes('HTTP/1.1 100 Continue\r\n\r\n'), hang()]),
    );
  }
  expect(uncaught).toEqual([]);
});

it('[XA1] a list of models that cannot be read: the built-in one', async () => {
  const pair = await startPair({ sessionStore: 'none', limits: { modelsCacheMs: 0 } });
  await beside(pair, async () => {
    for (const [name, answer] of [...unreadable, ...refusals]) {
      for (const [how, steps] of cuts) {
        pair.fake.scriptModels(...steps(answer));
        const response = await pair.send('GET', '/v1/models');
        expect(response.status, `${name} ${how}`).toBe(200);
        expect(await response.text(), `${name} ${how}`).toContain('command-a-03-2025');
      }
    }
  });
});
