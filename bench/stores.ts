// `node bench/stores.ts [URL of a Redis …]`: what a turn costs in each store, side by side: appending with one caller
// and with a hundred, reading what is in use and what is not, and how many bytes a message takes.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createClient } from '@redis/client';
import type { Message } from '../src/conversation/message.ts';
import type { SessionKey, Turn } from '../src/conversation/session.ts';
import { limitsOf } from '../src/limits.ts';
import { openStore } from '../src/store/open-store.ts';
import type { SessionStore } from '../src/store/session-store.ts';
import { readStoreChoice, type StoreChoice } from '../src/store-choice.ts';
import { quantile } from './measure.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);
const run = Date.now().toString(36);

/** A request of some 600 bytes and an answer of some 1,800, as in a chat about code. */
const asked = 'Why does this function return undefined when the list is empty? '.repeat(9);
const answered = 'Because `find` gives back the first element for which the predicate holds. '.repeat(24);
const textBytes = asked.length + answered.length;

let turns = 0;

function turn(): Turn {
  turns += 1;
  const added: Message[] = [{ role: 'user', content: `${turns} ${asked}` }];
  return {
    id: `turn_${run}${turns}`,
    model: 'command-a-03-2025',
    dialect: 'session',
    system: [],
    tools: [],
    keep: Number.MAX_SAFE_INTEGER,
    anchors: [`a${run}${turns}`, `b${run}${turns}`],
    added,
    reply: {
      message: { role: 'assistant', content: `${turns} ${answered}` },
      finishReason: 'stop',
      rawFinishReason: 'COMPLETE',
    },
    answerId: `chatcmpl-${run}${turns}`,
    createdAtMs: 0,
  };
}

const keyOf = (id: string): SessionKey => ({ owner: 'bench', user: undefined, id: `${run}-${id}` });

interface Timed {
  readonly ms: number[];
  readonly perSecond: number;
  readonly loopDelayMs: number;
}

/** So many callers, each with a session of its own and one call at a time. */
async function timed(callers: number, calls: number, call: (caller: number, at: number) => Promise<unknown>) {
  const ms: number[] = [];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      for (let at = 0; at < calls; at += 1) {
        const from = performance.now();
        await call(caller, at);
        ms.push(performance.now() - from);
      }
    }),
  );
  const perSecond = ms.length / ((performance.now() - begun) / 1000);
  delay.disable();
  // The timer itself fires every millisecond.
  return { ms, perSecond, loopDelayMs: Math.max(0, delay.percentile(99) / 1e6 - 1) } satisfies Timed;
}

async function append(store: SessionStore, id: string, expectedVersion: number): Promise<void> {
  const { status } = await store.append(keyOf(id), turn(), { expectedVersion });
  if (status !== 'appended') throw new Error(`an append was answered with ${status}`);
}

function row(name: string, what: string, { ms, perSecond, loopDelayMs }: Timed): void {
  const cells = [
    quantile(ms, 0.5).toFixed(3),
    quantile(ms, 0.99).toFixed(3),
    perSecond.toFixed(0),
    loopDelayMs.toFixed(1),
  ];
  print(`${name.padEnd(8)} ${what.padEnd(22)} ${cells.map(cell => cell.padStart(9)).join(' ')}`);
}

type SizeOf = () => number | Promise<number>;

async function measure(name: string, choice: StoreChoice, sizeOf: SizeOf): Promise<void> {
  const limits = { ...limitsOf({}, choice.kind !== 'memory'), sessions: 1_000 };
  const open = async () => {
    const options = { limits, now: Date.now, isOptional: false, onProblem: () => {} };
    const store = await openStore(choice, options);
    if (!store) throw new Error('no store');
    return store;
  };
  turns = 0;
  const sizeBefore = await sizeOf();
  const store = await open();
  await timed(20, 20, (caller, at) => append(store, `warm${caller}`, at));
  row(name, 'append, 1 caller', await timed(1, 1_000, (_, at) => append(store, 'one', at)));
  row(name, 'append, 100 callers', await timed(100, 100, (caller, at) => append(store, `c${caller}`, at)));
  row(name, 'read in use, 1', await timed(1, 2_000, () => store.read(keyOf('c0'))));
  row(name, 'read in use, 100', await timed(100, 50, caller => store.read(keyOf(`c${caller}`))));
  for (let at = 0; at < 500; at += 1) await append(store, 'long', at);
  await store.close();
  if (choice.kind !== 'memory') {
    const perMessage = ((await sizeOf()) - sizeBefore) / (turns * 2);
    const cold = await open();
    // Each is read for the first time since the start.
    row(name, 'load 200, 1 caller', await timed(1, 100, (_, at) => cold.read(keyOf(`c${at}`))));
    await cold.close();
    const together = await open();
    row(name, 'load 200, 100 callers', await timed(100, 1, caller => together.read(keyOf(`c${caller}`))));
    await together.close();
    const long: number[] = [];
    for (let at = 0; at < 9; at += 1) {
      const anew = await open();
      await anew.check();
      const from = performance.now();
      await anew.read(keyOf('long'));
      long.push(performance.now() - from);
      await anew.close();
    }
    row(name, 'load 1,000, 1 caller', { ms: long, perSecond: 1000 / quantile(long, 0.5), loopDelayMs: 0 });
    const text = textBytes / 2;
    print(
      `${name.padEnd(8)} ${perMessage.toFixed(0)} bytes a message of ${text} bytes of text: ${(perMessage / text).toFixed(2)} bytes a byte`,
    );
  }
}

async function memoryOf(url: string): Promise<number> {
  const client = await createClient({ url }).connect();
  const [, used] = /used_memory:(\d+)/.exec(await client.info('memory')) ?? [];
  client.destroy();
  return Number(used);
}

const directory = mkdtempSync(join(tmpdir(), 'stores-'));
const sizeOfDirectory = () =>
  readdirSync(directory).reduce((bytes, file) => bytes + statSync(join(directory, file)).size, 0);

print(
  `${''.padEnd(31)} ${['p50 ms', 'p99 ms', 'per s', 'loop p99'].map(head => head.padStart(9)).join(' ')}`,
);
try {
  await measure('memory', { kind: 'memory' }, () => 0);
  await measure('sqlite', { kind: 'sqlite', path: join(directory, 'sessions.db') }, sizeOfDirectory);
  for (const url of process.argv.slice(2)) {
    const choice = readStoreChoice(url, '');
    if (choice?.kind !== 'redis') throw new Error('the argument is no URL of a Redis');
    await measure('redis', choice, () => memoryOf(url));
  }
} finally {
  rmSync(directory, { recursive: true });
}
