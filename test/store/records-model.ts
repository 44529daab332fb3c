// Whatever is asked of records, real ones answer what the plainest ones do.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProxyError } from '../../src/conversation/errors.ts';
import type { SessionKey } from '../../src/conversation/session.ts';
import type { OpenResult, SessionRecord, SessionRecords, TurnRecord } from '../../src/store/records.ts';
import { fromSeed } from '../properties/from-seed.ts';
import { PlainRecords } from '../support/plain-records.ts';

export interface RecordsUnderTest {
  readonly records: SessionRecords;
  /** Moves the clock. */
  wait(ms: number): void;
}

const idleMs = 10_000;
const tombstoneMs = 50_000;

const owners = ['ada', 'eve'] as const;
const users = [undefined, 'bob'] as const;
const ids = ['a', 'b', 'c'] as const;
const hints = ['hint-of-opening-000001', 'hint-of-a-call-0000002', 'hint-of-a-third-000003'] as const;

const operation = fc.record({
  what: fc.constantFrom(
    'append',
    'append',
    'append',
    'again',
    'cut',
    'cut',
    'leave',
    'leave',
    'branch',
    'branch',
    'branch',
    'stale',
    'hold',
    'letGo',
    'claim',
    'settle',
    'idle',
    'delete',
    'delete',
    'wait',
  ),
  owner: fc.constantFrom('ada', 'ada', 'ada', ...owners),
  user: fc.constantFrom(undefined, undefined, ...users),
  id: fc.constantFrom(...ids),
  other: fc.constantFrom(...ids),
  keep: fc.nat(6),
  said: fc.integer({ min: 0, max: 3 }),
  isLate: fc.boolean(),
  hints: fc.subarray([...hints]),
  mark: fc.constantFrom(undefined, 'k1', 'k2'),
  holder: fc.constantFrom('h1', 'h2'),
  isHolding: fc.boolean(),
  system: fc.constantFrom('["one"]', '["two"]', '[]'),
  label: fc.constantFrom(undefined, 'l1', 'l2'),
  idleMs: fc.constantFrom(undefined, undefined, 3_000),
  waitMs: fc.constantFrom(1, 400, 4_000, 9_000),
});

/** One implementation, with what it said of each session when it was last read, and some time before. */
class Side {
  readonly records: SessionRecords;
  readonly latest = new Map<string, SessionRecord>();
  readonly earlier = new Map<string, SessionRecord>();
  /** What a reader would have, by segment. */
  readonly read = new Map<string, string[]>();

  constructor(records: SessionRecords) {
    this.records = records;
  }

  /** Only what is new is asked for; the whole is what is compared. */
  async open(key: SessionKey, holder?: string): Promise<unknown> {
    const known = this.latest.get(nameOf(key));
    const held = known && this.read.get(known.segment);
    const opened: OpenResult = await this.records.open(key, {
      ...(known && held
        ? { known: { segment: known.segment, length: held.length, texts: [known.system] } }
        : {}),
      ...(holder === undefined ? {} : { lease: { holder, ttlMs: 700 } }),
    });
    if (opened.status !== 'found') return opened.status;
    const { record, from, messages, texts } = opened;
    const base = from > 0 ? (held ?? []).slice(0, from) : [];
    const all = [...base, ...messages];
    this.read.set(record.segment, all);
    this.latest.set(nameOf(key), record);
    for (const digest of [record.system, record.tools]) {
      const isKnown = known?.system === digest && held !== undefined;
      if (!isKnown) expect(texts.map(text => text.digest)).toContain(digest);
    }
    return { ...shown(record), all };
  }
}

const nameOf = (key: SessionKey) => JSON.stringify(key);

/** Without what each names as it likes, and without its clock. */
function shown({ handle: _h, segment: _s, ...record }: SessionRecord) {
  const { createdAtMs, updatedAtMs, expiresAtMs, cuts, label, parentId, idleMs: own, ...rest } = record;
  const lives = expiresAtMs - updatedAtMs;
  return { ...rest, cuts, label, parentId, own, lives, isUsed: updatedAtMs > createdAtMs };
}

const outcome = (promise: Promise<unknown>) =>
  promise.catch((error: unknown) => (error instanceof ProxyError ? error.code : Promise.reject(error)));

export function testAgainstPlain(
  begin: (options: { nowMs: number; tombstoneMs: number }) => Promise<RecordsUnderTest>,
  runs: number,
): void {
  test('[R1] [R4] [R14] whatever is asked, the answers are those of plain records', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async operations => {
        let nowMs = 1_000_000;
        const real = await begin({ nowMs, tombstoneMs });
        const plain = new PlainRecords({ now: () => nowMs, tombstoneMs });
        const sides = [new Side(plain), new Side(real.records)];
        const both = async (ask: (side: Side) => Promise<unknown>) => {
          const [expected, answered] = await Promise.all(sides.map(side => outcome(ask(side))));
          expect(answered).toEqual(expected);
        };
        const last = new Map<string, TurnRecord>();
        for (const [step, chosen] of operations.entries()) {
          const { what, owner, user, id, other, keep } = chosen;
          const key = { owner, user, id };
          const of = nameOf(key);
          // Nothing happens twice at the same moment.
          nowMs += 1;
          real.wait(1);
          if (what === 'wait') {
            nowMs += chosen.waitMs;
            real.wait(chosen.waitMs);
          } else if (what === 'hold') await both(side => side.open(key, chosen.holder));
          else if (what === 'letGo') await both(side => side.records.letGo(key, chosen.holder));
          else if (what === 'claim') {
            const claim = { fingerprint: `f${chosen.keep % 2}`, holder: chosen.holder, ttlMs: 700 };
            await both(side => side.records.claim(key, 'k3', claim));
          } else if (what === 'settle') {
            const answer = chosen.isLate ? { text: `answer ${step}`, ttlMs: 900 } : undefined;
            await both(side => side.records.settle(key, 'k3', chosen.holder, answer));
          } else if (what === 'idle') {
            await both(side => side.records.setIdle(key, chosen.idleMs, chosen.idleMs ?? idleMs));
          } else if (what === 'delete') await both(side => side.records.delete(key));
          else {
            const messages = Array.from({ length: chosen.said }, (_, at) => `"said ${step}.${at}"`);
            const system = { digest: `digest of ${chosen.system}`, json: chosen.system };
            const turn = (side: Side): TurnRecord => {
              const parentKey = { owner, user, id: other };
              const parent =
                what === 'branch'
                  ? (chosen.isLate ? side.earlier : side.latest).get(nameOf(parentKey))
                  : undefined;
              const length = Math.min(keep, parent?.length ?? 0);
              const again = what === 'again' ? last.get(of) : undefined;
              return (
                again ?? {
                  id: `t${step}`,
                  model: `m${step}`,
                  dialect: 'session',
                  label: chosen.label,
                  system,
                  systemLength: 1,
                  tools: { digest: 'digest of tools', json: '[]' },
                  cuts: step % 3 === 0 ? `{"at":${step}}` : undefined,
                  keep: keepOf(side, length),
                  parent: parent && { id: parent.key.id, rootId: parent.rootId },
                  shared: parent && length > 0 ? { segment: parent.segment, length } : undefined,
                  messages,
                  leftBehindId: what === 'leave' ? `left${step}` : undefined,
                  hints: chosen.hints,
                  mark: chosen.mark
                    ? { key: chosen.mark, ttlMs: 2_000, turn: `{"turn":${step}}` }
                    : undefined,
                  idleMs: chosen.idleMs,
                  livesMs: idleMs,
                  isTooLarge: step % 17 === 16,
                }
              );
            };
            // Nothing stays before the first turn but what a branch shares.
            const keepOf = (side: Side, shared: number): number => {
              if (what === 'branch' || !side.latest.has(of)) return shared;
              return what === 'cut' || what === 'leave' ? keep : Number.MAX_SAFE_INTEGER;
            };
            const append = async (side: Side) => {
              const isNew = what === 'branch';
              const version = isNew ? 0 : (side.latest.get(of)?.version ?? 0);
              const expectedVersion = Math.max(0, version + (what === 'stale' ? 1 : 0));
              const record = turn(side);
              const appended = await side.records.append(key, record, {
                expectedVersion,
                ...(chosen.isHolding ? { holder: chosen.holder } : {}),
              });
              if (appended.status === 'unshared') {
                // What was shared can be gone on one side only in how it is kept, never in what it says.
                const { segment = '', length = 0 } = record.shared ?? {};
                const base = (side.read.get(segment) ?? []).slice(0, length);
                const whole = { ...record, shared: undefined, messages: [...base, ...record.messages] };
                const resent = await side.records.append(key, whole, { expectedVersion });
                return 'record' in resent ? shown(resent.record) : resent;
              }
              return 'record' in appended ? shown(appended.record) : appended;
            };
            if (what !== 'again')
              last.set(of, { ...turn(sides[0] as Side), shared: undefined, parent: undefined });
            await both(append);
          }
          for (const each of ids) await both(side => side.open({ owner, user, id: each }));
          await both(side => side.records.findByHints(key, hints, 9));
          for (const mark of ['k1', 'k2']) await both(side => side.records.recall(key, mark));
          await both(async side => {
            const { label } = chosen;
            const branches = chosen.isLate;
            const { records, hasMore } = await side.records.list({
              owner,
              limit: 3,
              branches,
              ...(label === undefined ? {} : { label }),
              ...(user === undefined ? {} : { user }),
            });
            return [records.map(shown), hasMore];
          });
          if (step % 5 === 0)
            for (const side of sides)
              for (const [name, record] of side.latest) side.earlier.set(name, record);
        }
        await real.records.close();
      }),
      fromSeed('records', runs),
    );
  });
}
