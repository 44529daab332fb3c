// npm run soak -- --minutes N: mixed traffic with faults against a proxy of its own, from a seed. Prints each minute what
// it holds; ends with 1 where an answer had a status that nobody expects, or where the heap grows after the warm-up.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MonitoredProxy } from './hostile/proxy.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    store: { type: 'string', default: 'sqlite:' },
    clients: { type: 'string', default: '8' },
  },
});
const minutes = Math.min(Number(values.minutes), 24 * 60);
const print = (line: string) => process.stdout.write(`${line}\n`);

/** After so many minutes caches are as full as they get. */
const warmMinutes = Math.min(5, minutes / 2);
/** MB of heap in ten minutes. */
const maxSlope = 1;

/** mulberry32: the same run for the same seed, as far as the clock lets it. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Kind {
  readonly name: string;
  /** Of a hundred. */
  readonly share: number;
  readonly make: (client: number, turn: number, random: () => number) => object | string;
  readonly expected: readonly number[];
  /** Gives up after so long. */
  readonly leavesAfterMs?: number;
}

const model = 'command-a-03-2025';
const words = (random: () => number, count: number) =>
  Array.from({ length: count }, () => Math.floor(random() * 36 ** 4).toString(36)).join(' ');
const sessionOf = (client: number, turn: number) => `soak-${client}-${Math.floor(turn / 40)}`;
const transcript = (client: number, turn: number, random: () => number) => {
  const messages: object[] = [{ role: 'system', content: `You are agent ${client}.` }];
  for (let at = 0; at <= turn % 12; at += 1) {
    messages.push({ role: 'user', content: `Task ${Math.floor(turn / 12)} of ${client}, step ${at}` });
    if (at < turn % 12) messages.push({ role: 'assistant', content: `Done with ${words(random, 3)}.` });
  }
  return { model, messages };
};

const kinds: readonly Kind[] = [
  {
    name: 'session',
    share: 30,
    make: (client, turn, random) => ({ sessionId: sessionOf(client, turn), message: words(random, 12) }),
    expected: [200, 409],
  },
  {
    name: 'session, streamed',
    share: 20,
    make: (client, turn, random) => ({
      sessionId: sessionOf(client, turn),
      message: words(random, 30),
      stream: true,
    }),
    expected: [200, 409],
  },
  { name: 'transcript', share: 20, make: transcript, expected: [200] },
  {
    name: 'one that leaves',
    share: 8,
    make: (client, turn) => ({
      sessionId: `${sessionOf(client, turn)}-left`,
      message: 'simulate:slow',
      stream: true,
    }),
    expected: [0, 200, 409],
    leavesAfterMs: 60,
  },
  ...[
    'simulate:once-503',
    'simulate:422',
    'simulate:500',
    'simulate:429',
    'simulate:cut',
    'simulate:empty',
  ].map(
    (word): Kind => ({
      name: word,
      share: 2,
      make: (client, turn, random) => ({ message: `${word} ${words(random, 2)} ${client} ${turn}` }),
      expected: [200, 422, 429, 502, 504],
    }),
  ),
  {
    name: 'zeros for tools',
    share: 2,
    make: () => `{"message":"x","tools":[${'0,'.repeat(50_000)}0]}`,
    expected: [400],
  },
  { name: 'brackets', share: 2, make: () => '['.repeat(200_000), expected: [400] },
  {
    name: 'a long text',
    share: 2,
    make: (_client, _turn, random) => ({ message: words(random, 60_000) }),
    expected: [200, 400],
  },
  { name: 'no JSON', share: 2, make: () => '{"message":', expected: [400] },
];

function choose(random: () => number): Kind {
  let left = random() * kinds.reduce((sum, { share }) => sum + share, 0);
  for (const kind of kinds) {
    left -= kind.share;
    if (left < 0) return kind;
  }
  throw new Error('nothing to choose from');
}

/** MB in ten minutes, by least squares. */
function slopeOf(points: readonly { readonly minute: number; readonly mb: number }[]): number {
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [meanX, meanY] = [mean(({ minute }) => minute), mean(({ mb }) => mb)];
  const over = points.reduce((sum, { minute, mb }) => sum + (minute - meanX) * (mb - meanY), 0);
  const under = points.reduce((sum, { minute }) => sum + (minute - meanX) ** 2, 0);
  return under === 0 ? 0 : (over / under) * 10;
}

const seed = Number(values.seed);
print(`seed ${seed}, ${minutes} minutes, ${values.clients} clients, ${values.store}`);
const proxy = await MonitoredProxy.start(
  ['--offline', '--session-store', values.store, '--max-sessions', '2000', '--session-memory-mb', '16'],
  {},
);
const startMs = performance.now();
const untilMs = startMs + minutes * 60_000;
const unexpected = new Map<string, number>();
const answered = new Map<string, number>();
let requests = 0;

async function client(number: number): Promise<void> {
  const random = randomFrom(seed + number);
  for (let turn = 0; performance.now() < untilMs; turn += 1) {
    const kind = choose(random);
    const body = kind.make(number, turn, random);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const status = await proxy
      .send(
        {
          method: 'POST',
          path: '/v1/chat/completions',
          contentType: 'application/json',
          body: Buffer.from(text),
        },
        kind.leavesAfterMs,
      )
      .then(
        answer => answer.status,
        () => 0,
      );
    requests += 1;
    const name = `${kind.name} → ${status}`;
    answered.set(name, (answered.get(name) ?? 0) + 1);
    if (!kind.expected.includes(status)) unexpected.set(name, (unexpected.get(name) ?? 0) + 1);
    await sleep(20 + random() * 80);
  }
}

const clients = Array.from({ length: Number(values.clients) }, (_, number) => client(number));
const points: { minute: number; mb: number }[] = [];
print('minute   heap MB   RSS MB   sockets   timers   requests   unexpected   longest pause ms');
for (let minute = 1; minute <= minutes; minute += 1) {
  await sleep(Math.max(0, startMs + minute * 60_000 - performance.now()));
  if (proxy.hasEnded) break;
  const { heapBytes, rssBytes, sockets, timers, pauseMs } = await proxy.look();
  if (minute > warmMinutes) points.push({ minute, mb: heapBytes / 1e6 });
  const unexpectedCount = [...unexpected.values()].reduce((sum, count) => sum + count, 0);
  print(
    [
      String(minute).padStart(6),
      (heapBytes / 1e6).toFixed(1).padStart(10),
      (rssBytes / 1e6).toFixed(0).padStart(9),
      String(sockets).padStart(10),
      String(timers).padStart(9),
      String(requests).padStart(11),
      String(unexpectedCount).padStart(13),
      pauseMs.toFixed(0).padStart(19),
    ].join(''),
  );
}
if (proxy.hasEnded) print(`the proxy ended: ${proxy.lastWords}`);
else await Promise.all(clients);
const slope = slopeOf(points);
for (const [name, count] of [...answered].sort()) print(`${String(count).padStart(8)}  ${name}`);
for (const [name, count] of unexpected) print(`unexpected: ${name}, ${count} times`);
print(`heap: ${slope.toFixed(2)} MB in ten minutes after the first ${warmMinutes}`);
const isGood = !proxy.hasEnded && unexpected.size === 0 && (points.length < 5 || slope <= maxSlope);
print(isGood ? 'held' : 'NOT held');
await proxy.stop();
process.exit(isGood ? 0 : 1);
