// npm run hostile: whatever is sent within the limits, the event loop gives way within 100 ms, and the request takes at
// most 6 times its bytes and 16 MiB. Prints what was worst; ends with 1 where something was worse than that.
import { parseArgs } from 'node:util';
import { defaultLimits } from '../../src/limits.ts';
import { Target } from '../target.ts';
import { type Case, casesOf } from './cases.ts';
import { MonitoredProxy } from './proxy.ts';
import { namedSession } from './routes.ts';

const MiB = 1024 * 1024;
const longestPauseMs = 100;
const memoryOf = (bytes: number) => 6 * bytes + 16 * MiB;

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    offline: { type: 'boolean', default: false },
    store: { type: 'string', default: 'memory:' },
    all: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const only = new RegExp(values.only);
const help = `npm run hostile -- [options]
  --only TEXT   cases whose names match this pattern
  --offline     against the offline Cohere, which is part of the process
  --store S     memory: (default) or sqlite:
  --all         a line for each case, not only for those that take long
`;

interface Outcome {
  readonly name: string;
  readonly sentBytes: number;
  readonly pauseMs: number;
  readonly wallMs: number;
  readonly memoryBytes: number;
  readonly ms: number;
  readonly said: string;
  readonly isStored: boolean;
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const isTooMuch = ({ memoryBytes, sentBytes, isStored }: Outcome) =>
  !isStored && memoryBytes > memoryOf(sentBytes);
const isBad = (outcome: Outcome) =>
  outcome.pauseMs > longestPauseMs || isTooMuch(outcome) || outcome.said.startsWith('ended');
const isWorthTelling = (outcome: Outcome) =>
  values.all || outcome.pauseMs > longestPauseMs / 2 || isBad(outcome);

function line({ name, sentBytes, pauseMs, wallMs, memoryBytes, ms, said }: Outcome): string {
  return [
    pauseMs.toFixed(0).padStart(7),
    wallMs.toFixed(0).padStart(7),
    (memoryBytes / MiB).toFixed(0).padStart(7),
    (sentBytes / MiB).toFixed(1).padStart(7),
    (ms / 1000).toFixed(1).padStart(6),
    '  ',
    said.padEnd(32),
    name,
  ].join('');
}

async function start(upstreamPort: number): Promise<MonitoredProxy> {
  const env = values.offline ? {} : { COHERE_BASE_URL: `http://127.0.0.1:${upstreamPort}` };
  const proxy = await MonitoredProxy.start(
    ['--session-store', values.store, ...(values.offline ? ['--offline'] : [])],
    env,
  );
  await prepare(proxy);
  return proxy;
}

/** The session that some cases name, and a heap as large as it will be. */
async function prepare(proxy: MonitoredProxy): Promise<void> {
  const contentType = 'application/json';
  const path = '/v1/chat/completions';
  const post = (body: object) =>
    proxy.send({ method: 'POST', path, contentType, body: Buffer.from(JSON.stringify(body)) });
  await post({ sessionId: namedSession, message: 'Hello' });
  const many = Array.from({ length: 9_000 }, (_, at) => ({ role: 'user', content: `message ${at}` }));
  await post({ model: 'command-a-03-2025', messages: many });
  for (let round = 0; round < 3; round += 1)
    await post({ model: 'command-a-03-2025', messages: [{ role: 'user', content: 'a'.repeat(8 * MiB) }] });
}

async function run(
  proxy: MonitoredProxy,
  { name, method, path, contentType, isStored, body: make }: Case,
): Promise<Outcome> {
  const body = Buffer.from(make());
  const startMs = performance.now();
  const sent = { name, isStored, sentBytes: body.length };
  try {
    const request = { method, path, contentType, body };
    const { status, code, ...figures } = await proxy.measure(request);
    const ms = performance.now() - startMs;
    const outcome = { ...sent, ...figures, ms, said: `${status} ${code}`.trim() };
    if (!isTooMuch(outcome)) return outcome;
    // With the first of its kind the process grows as well: code is compiled and kept.
    const again = await proxy.measure(request);
    return {
      ...outcome,
      memoryBytes: Math.min(outcome.memoryBytes, again.memoryBytes),
      pauseMs: Math.max(outcome.pauseMs, again.pauseMs),
    };
  } catch (error) {
    const why = proxy.hasEnded ? `ended: ${proxy.lastWords.slice(-60)}` : `ended: ${String(error)}`;
    return { ...sent, pauseMs: 0, wallMs: 0, memoryBytes: 0, ms: performance.now() - startMs, said: why };
  }
}

if (values.help) print(help);
else {
  const upstream = await Target.start(new URL('../upstream.ts', import.meta.url));
  let proxy = await start(upstream.port);
  const outcomes: Outcome[] = [];
  print('  pause   clock  memory    sent  whole  answer                          case');
  print('     ms      ms     MiB     MiB      s');
  for (const one of casesOf(defaultLimits.bodyBytes)) {
    if (!only.test(one.name)) continue;
    const outcome = await run(proxy, one);
    outcomes.push(outcome);
    if (isWorthTelling(outcome)) print(line(outcome));
    else if (outcomes.length % 50 === 0) print(`… ${outcomes.length} cases`);
    if (outcome.said.startsWith('ended')) {
      await proxy.stop();
      proxy = await start(upstream.port);
    }
  }
  await proxy.stop();
  await upstream.stop();
  const bad = outcomes.filter(isBad);
  const worst = (of: (outcome: Outcome) => number) => Math.max(0, ...outcomes.map(of));
  print('');
  print(
    `${outcomes.length} cases: longest pause ${worst(({ pauseMs }) => pauseMs).toFixed(0)} ms, ` +
      `most memory ${worst(({ memoryBytes, sentBytes, isStored }) => (isStored ? 0 : memoryBytes / memoryOf(sentBytes))).toFixed(2)} of what is allowed, ` +
      `${bad.length} too much`,
  );
  process.exitCode = bad.length > 0 ? 1 : 0;
}
