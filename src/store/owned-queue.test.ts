import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { OwnedQueue } from './owned-queue.ts';

test('[R20] whatever comes and goes: the oldest of an owner with the most is the surplus', () => {
  const owner = fc.constantFrom('ada', 'eve', 'bob', 'kim');
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), owner, name: fc.nat(30) }),
    fc.record({ kind: fc.constant('delete' as const), owner, name: fc.nat(30) }),
    fc.record({ kind: fc.constant('surplus' as const), owner, name: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), steps => {
      const queue = new OwnedQueue<number>();
      const plain = new Map<string, string>();
      for (const [index, one] of steps.entries()) {
        const name = `${one.owner} ${one.name}`;
        if (one.kind !== 'surplus') plain.delete(name);
        if (one.kind === 'delete') queue.delete(name);
        else if (one.kind === 'set') {
          queue.set(one.owner, name, index);
          plain.set(name, one.owner);
        } else {
          const surplus = queue.surplus();
          const counts = [...Map.groupBy(plain, ([, of]) => of)];
          const most = Math.max(0, ...counts.map(([, all]) => all.length));
          const oldest = counts.filter(([, all]) => all.length === most).map(([, [first]]) => first?.[0]);
          expect(counts.length === 0 ? [undefined] : oldest).toContain(surplus);
          queue.delete(surplus ?? '');
          plain.delete(surplus ?? '');
        }
        expect(queue.oldest?.name).toBe([...plain.keys()][0]);
        expect(queue.size).toBe(plain.size);
      }
    }),
    fromSeed('owned queue', 300),
  );
});
