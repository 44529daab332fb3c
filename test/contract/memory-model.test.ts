// What the memory store counts, beside a plain model: the sum over all messages that living sessions hold, each once,
// and what each session has of its own.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Tool } from '../../src/conversation/chat-request.ts';
import { History } from '../../src/conversation/history.ts';
import type { Message, SystemMessage } from '../../src/conversation/message.ts';
import { type Held, hintBytes, placeBytes, weigh, weighTools } from '../../src/store/weigh.ts';
import { fromSeed } from '../properties/from-seed.ts';
import { codeOf, key, turn } from './given.ts';
import { beginMemory, holder, idleMs } from './memory-given.ts';

interface Modelled {
  messages: readonly Message[];
  system: readonly SystemMessage[];
  tools: readonly Tool[];
  hints: number;
  version: number;
  usedAtMs: number;
  ownIdleMs: number | undefined;
  marked: readonly Held[];
}

function bytesOf(sessions: Iterable<Modelled>): number {
  const things = new Set<Held>();
  let bytes = 0;
  for (const { messages, system, tools, hints, marked } of sessions) {
    for (const thing of [...messages, ...system, ...marked]) things.add(thing);
    bytes += messages.length * placeBytes + weighTools(tools) + hints * hintBytes;
  }
  for (const thing of things) bytes += weigh(thing);
  return bytes;
}

const names = ['a', 'b', 'c', 'd', 'e'] as const;
const texts: SystemMessage[][] = [[], [{ role: 'system', content: 'x'.repeat(700) }]];
const offered: Tool[][] = [[], [{ name: 'look', description: 'x'.repeat(500) }]];
const limit = { sessionStoreBytes: 14_000, sessions: 7 };

const operation = fc.record({
  what: fc.constantFrom(
    'append',
    'append',
    'branch',
    'branch',
    'branch',
    'cut',
    'leave',
    'delete',
    'wait',
    'idle',
  ),
  at: fc.constantFrom(...names),
  other: fc.constantFrom(...names),
  keep: fc.nat(8),
  isLate: fc.boolean(),
  size: fc.constantFrom(0, 10, 500, 2_000, 4_000, 9_000),
  hints: fc.nat(2),
  isMarked: fc.boolean(),
  system: fc.constantFrom(...texts, undefined),
  tools: fc.constantFrom(...offered),
  held: fc.subarray([...names], { maxLength: 2 }),
  ownIdleMs: fc.constantFrom(undefined, undefined, 500, 1_500),
  waitMs: fc.constantFrom(1, 300, 600),
});

describe('whatever is done', () => {
  test('[R8] [R14] the count is that of all that lives, within the limit, and the fewest have gone', async () => {
    let pushedOut = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async operations => {
        const { store, hold, letGo, ids, wait } = beginMemory(limit);
        let nowMs = 0;
        let held: readonly string[] = [];
        /** The longest unused first. */
        let living = new Map<string, Modelled>();
        const read = new Map<string, Modelled>();
        const expire = () => {
          for (const [id, { usedAtMs, ownIdleMs }] of living)
            if (nowMs - usedAtMs >= (ownIdleMs ?? idleMs) && !held.includes(id)) living.delete(id);
        };
        for (const [step, { what, at, other, keep, ...chosen }] of operations.entries()) {
          await letGo(...held);
          held = [];
          await store.check();
          expire();
          await hold(...chosen.held);
          held = chosen.held;
          if (what === 'wait') nowMs = wait(chosen.waitMs);
          expire();

          if (what === 'delete') {
            expect(await store.delete(key(at))).toBe(living.delete(at));
          } else if (what === 'idle') {
            const session = living.get(at);
            expect(await store.setIdle(key(at), chosen.ownIdleMs)).toBe(session !== undefined);
            if (session) living.set(at, { ...session, ownIdleMs: chosen.ownIdleMs });
            expire();
          } else if (what !== 'wait') {
            const before = living.get(at);
            const parent = what === 'branch' ? (chosen.isLate ? read : living).get(other) : undefined;
            if (what === 'branch' && (before || !parent)) continue;
            const kept = what === 'append' ? Number.MAX_SAFE_INTEGER : keep;
            const from = before ?? parent;
            const base = (from?.messages ?? []).slice(0, kept);
            const isLeft = what === 'leave' && before !== undefined && base.length < before.messages.length;
            const said = turn(`${step} ${'x'.repeat(chosen.size)}`, {
              keep: kept,
              system: chosen.system ?? [{ role: 'system', content: `now ${step} ${'x'.repeat(300)}` }],
              tools: chosen.tools,
              idleMs: chosen.ownIdleMs,
              anchors: Array.from({ length: chosen.hints }, (_, index) => `${step}.${index}`),
              ...(chosen.isMarked ? { mark: { key: `${step}`, fingerprint: '', ttlMs: 99_999 } } : {}),
              ...(parent
                ? { parent: { id: other, rootId: other, messages: History.of(parent.messages) } }
                : {}),
              ...(what === 'leave' ? { leftBehindId: `left${step}` } : {}),
            });
            const going = isLeft ? undefined : before;
            const next: Modelled = {
              messages: [...base, ...said.added, said.reply.message],
              system: said.system,
              tools: said.tools,
              hints: chosen.hints + (going?.hints ?? 0),
              version: (before?.version ?? 0) + 1,
              usedAtMs: nowMs,
              ownIdleMs: before ? before.ownIdleMs : chosen.ownIdleMs,
              marked: [
                ...(going?.marked ?? []),
                ...(chosen.isMarked ? [...said.system, ...said.added, said.reply.message] : []),
              ],
            };
            const left = isLeft ? `left${step}` : undefined;
            const after = new Map<string, Modelled>();
            for (const [id, session] of living) {
              if (id !== at) after.set(id, session);
              else if (left) after.set(left, session);
            }
            after.set(at, next);
            const candidates = [...after.keys()].filter(id => id !== at && id !== left && !held.includes(id));
            const fits = () =>
              after.size <= limit.sessions && bytesOf(after.values()) <= limit.sessionStoreBytes;
            while (!fits() && candidates.length > 0) {
              after.delete(candidates.shift() ?? '');
              pushedOut += 1;
            }
            const options = { expectedVersion: before?.version ?? 0, holder };
            const code = await codeOf(store.append(key(at), said, options));
            expect(code).toBe(fits() ? 'works' : 'store_full');
            if (fits()) {
              living = after;
              held = held.filter(id => id !== at);
              expire();
            } else refused += 1;
          }
          expect(await ids()).toEqual([...living.keys()].toSorted());
          expect(store.bytes).toBe(bytesOf(living.values()));
          expect(store.bytes).toBeLessThanOrEqual(limit.sessionStoreBytes);
          if (step % 4 === 0) for (const [id, session] of living) read.set(id, session);
        }
        for (const id of living.keys()) await store.delete(key(id));
        expect(store.bytes).toBe(0);
        await store.close();
      }),
      fromSeed('memory bytes', 800),
    );
    // Otherwise it would have said nothing about room.
    expect(pushedOut).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(20);
  });
});
