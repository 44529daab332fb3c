import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomSource } from '../../test/support/seed.ts';
import { ProxyError } from '../conversation/errors.ts';
import { type Admitted, UnderWay } from './under-way.ts';

const limits = { bodiesBytes: 100, ownerRequests: 2, ownerBodiesBytes: 60, ownerTurns: 3 };

function start(changed: Partial<typeof limits> = {}) {
  const clock = { nowMs: 1_000 };
  const underWay = new UnderWay({ limits: { ...limits, ...changed }, nowMs: () => clock.nowMs });
  return { clock, underWay };
}

function refusal(act: () => unknown): Pick<ProxyError, 'code' | 'status' | 'retryAfterS'> {
  try {
    act();
  } catch (error) {
    if (error instanceof ProxyError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

const ofOwner = { code: 'owner_limit_exceeded', status: 429, retryAfterS: 1 };
const ofAll = { code: 'overloaded', status: 503, retryAfterS: 1 };

describe('A29 what an owner has under way', () => {
  test('A29 requests: as many as the limit says, of each owner', () => {
    const { underWay } = start();
    const first = underWay.admit('ada', false);
    underWay.admit('ada', false);
    expect(refusal(() => underWay.admit('ada', false))).toMatchObject(ofOwner);
    underWay.admit('grace', false);
    first.end();
    first.end();
    underWay.admit('ada', false);
    expect(refusal(() => underWay.admit('ada', false))).toMatchObject(ofOwner);
  });

  test('A29 turns: as many as the limit says within any minute, and when there is room again', () => {
    const { clock, underWay } = start();
    const turn = (owner = 'ada') => underWay.admit(owner, true).end();
    turn();
    clock.nowMs += 20_000;
    turn();
    clock.nowMs += 20_500;
    turn();
    expect(refusal(turn)).toMatchObject({ ...ofOwner, retryAfterS: 20 });
    // What is no turn is not counted, and another owner has turns of its own.
    underWay.admit('ada', false).end();
    turn('grace');
    clock.nowMs += 19_499;
    expect(refusal(turn)).toMatchObject({ ...ofOwner, retryAfterS: 1 });
    clock.nowMs += 1;
    turn();
    expect(refusal(turn)).toMatchObject({ ...ofOwner, retryAfterS: 20 });
  });

  test('A29 a turn that is refused for another reason is none', () => {
    const { underWay } = start({ ownerTurns: 1 });
    const running = [underWay.admit('ada', false), underWay.admit('ada', false)];
    expect(refusal(() => underWay.admit('ada', true))).toMatchObject(ofOwner);
    for (const one of running) one.end();
    underWay.admit('ada', true);
  });

  test('XF4 bytes: as they come, and as they are announced', () => {
    const { underWay } = start();
    const one = underWay.admit('ada', false);
    const other = underWay.admit('ada', false);
    one.expect(60);
    one.take(50);
    expect(refusal(() => other.expect(11))).toMatchObject(ofOwner);
    other.expect(10);
    other.take(10);
    expect(refusal(() => other.take(1))).toMatchObject(ofOwner);
    const grace = underWay.admit('grace', false);
    expect(refusal(() => grace.take(41))).toMatchObject(ofAll);
    grace.take(40);
    one.end();
    grace.take(20);
    expect(underWay.counts.bytes).toBe(70);
  });

  test('XF4 with a single user only what holds for all holds', () => {
    const { underWay } = start();
    const all = Array.from({ length: 20 }, () => underWay.admit(undefined, true));
    for (const one of all) one.take(5);
    expect(refusal(() => underWay.admit(undefined, true).take(1))).toMatchObject(ofAll);
  });
});

test('L3 whatever comes and goes in whatever order, the counts are right, and nothing is left at the end', () => {
  const seed = Math.floor(randomSource('under way')() * 2 ** 31);
  const owner = fc.constantFrom('ada', 'grace', undefined);
  const step = fc.oneof(
    fc.record({ kind: fc.constant('admit' as const), owner, isTurn: fc.boolean() }),
    fc.record({
      kind: fc.constant('take' as const),
      which: fc.nat(10),
      bytes: fc.integer({ min: 1, max: 50 }),
    }),
    fc.record({ kind: fc.constant('end' as const), which: fc.nat(10) }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const { clock, underWay } = start();
      const open: { admitted: Admitted; bytes: number }[] = [];
      for (const one of steps) {
        try {
          const at = 'which' in one ? open[one.which % Math.max(1, open.length)] : undefined;
          if (one.kind === 'admit') open.push({ admitted: underWay.admit(one.owner, one.isTurn), bytes: 0 });
          else if (one.kind === 'wait') clock.nowMs += one.ms;
          else if (at && one.kind === 'end') {
            at.admitted.end();
            open.splice(open.indexOf(at), 1);
          } else if (at && one.kind === 'take') {
            at.admitted.take(one.bytes);
            at.bytes += one.bytes;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProxyError);
        }
        const bytes = open.reduce((sum, each) => sum + each.bytes, 0);
        expect(underWay.counts).toMatchObject({ requests: open.length, bytes });
      }
      for (const { admitted } of open) admitted.end();
      clock.nowMs += 60_001;
      underWay.admit('last', false).end();
      underWay.admit('last', false).end();
      expect(underWay.counts).toEqual({ requests: 0, bytes: 0, owners: 1 });
    }),
    { seed },
  );
});

test('XF4 of a million invented owners only those are kept that did something within a minute', () => {
  const { clock, underWay } = start();
  for (let index = 0; index < 10_000; index += 1) underWay.admit(`key_${index}`, false).end();
  expect(underWay.counts.owners).toBeLessThan(4);
  for (let index = 0; index < 1_000; index += 1) underWay.admit(`turn_${index}`, true).end();
  clock.nowMs += 60_001;
  for (let index = 0; index < 1_000; index += 1) underWay.admit('ada', false).end();
  expect(underWay.counts.owners).toBeLessThan(4);
});
