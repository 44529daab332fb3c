import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { ProxyError } from './conversation/errors.ts';
import { type KeepCalibrationOptions, type KeptCalibration, keepCalibration } from './keep-calibration.ts';
import { defaultLimits } from './limits.ts';
import { MemoryStore } from './store/memory-store.ts';
import { Calibration } from './tokens/calibration.ts';

const model = 'command-a-03-2025';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openStore() {
  const store = new MemoryStore({ limits: defaultLimits, now: () => 0 });
  onTestFinished(() => store.close());
  return store;
}

interface Process {
  readonly calibration: Calibration;
  readonly kept: KeptCalibration;
  readonly debug: object[];
  readonly warnings: string[];
}

function start(store: KeepCalibrationOptions['store']): Process {
  const calibration = new Calibration();
  const debug: object[] = [];
  const warnings: string[] = [];
  const log = {
    debug: (details: object) => void debug.push(details),
    warn: (_: object, message: string) => void warnings.push(message),
  };
  return {
    calibration,
    kept: keepCalibration(calibration, { store, noteName: 'calibration', log }),
    debug,
    warnings,
  };
}

/** Three answers that Cohere counted higher by so much. */
function teach({ calibration }: Process, residual: number, features = 'tools'): void {
  for (let answer = 0; answer < 3; answer += 1)
    calibration.observe(model, features, { predicted: 2000, actual: 2000 + residual });
}

const learnedBy = ({ calibration }: Process, features = 'tools') =>
  calibration.correction(model, features, 2000);

const savedIn = async (store: MemoryStore) => JSON.parse((await store.readNote('calibration')) ?? 'null');

test('what one process learned the next one knows', async () => {
  const store = openStore();
  const first = start(store);
  teach(first, 40);
  await first.kept.close();
  const second = start(store);
  await second.kept.restored;
  expect(learnedBy(second)).toBe(40);
  expect(second.warnings).toEqual([]);
});

test('it is written a minute after a change, as it stands then, and not where nothing changed', async () => {
  const store = openStore();
  const write = vi.spyOn(store, 'writeNote');
  const timers = vi.getTimerCount();
  const one = start(store);
  await one.kept.restored;
  expect(vi.getTimerCount()).toBe(timers);
  teach(one, 40);
  await vi.advanceTimersByTimeAsync(59_000);
  teach(one, 40);
  expect(write).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(write).toHaveBeenCalledTimes(1);
  expect(await savedIn(store)).toEqual(JSON.parse(JSON.stringify(one.calibration)));
  // Nine of the same are known: more of them are nothing new.
  teach(one, 40);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(write).toHaveBeenCalledTimes(2);
  teach(one, 40);
  expect(vi.getTimerCount()).toBe(timers);
  await one.kept.close();
  expect(write).toHaveBeenCalledTimes(2);
});

test('the wait for the minute keeps no process alive', () => {
  vi.useRealTimers();
  const one = start(openStore());
  const waiting = () => process.getActiveResourcesInfo().filter(kind => kind === 'Timeout').length;
  const before = waiting();
  teach(one, 40);
  expect(waiting()).toBe(before);
  return one.kept.close();
});

test('two processes on one store: each keeps what the other learned, of the same the later is kept', async () => {
  const store = openStore();
  const [one, two] = [start(store), start(store)];
  await one.kept.restored;
  await two.kept.restored;
  teach(one, 40);
  teach(one, 70, 'plain');
  teach(two, 50, 'documents');
  teach(two, 71, 'plain');
  await one.kept.close();
  await two.kept.close();
  // The second took over what the first had written.
  expect([learnedBy(two), learnedBy(two, 'plain')]).toEqual([40, 71]);
  const three = start(store);
  await three.kept.restored;
  const features = ['tools', 'documents', 'plain'];
  expect(features.map(each => learnedBy(three, each))).toEqual([40, 50, 71]);
});

test.each(['', '{', 'null', '[]', '{"version":2}', '{"version":1}', '\u0000'.repeat(99)])(
  'a damaged note is a warning and is written anew: %j',
  async note => {
    const store = openStore();
    await store.writeNote('calibration', note);
    const one = start(store);
    await one.kept.restored;
    expect(one.warnings).toEqual([expect.stringContaining('damaged')]);
    teach(one, 40);
    await one.kept.close();
    expect(await savedIn(store)).toMatchObject({
      version: 1,
      entries: [[expect.any(String), 40, [40, 40, 40]]],
    });
  },
);

test('a store that fails: told once, tried again each minute, forgotten by nobody', async () => {
  const store = openStore();
  const broken = async () => {
    throw new ProxyError('store_unavailable', 'away');
  };
  const read = vi.spyOn(store, 'readNote').mockImplementation(broken);
  const one = start(store);
  await one.kept.restored;
  teach(one, 40);
  for (let minute = 0; minute < 3; minute += 1) await vi.advanceTimersByTimeAsync(60_000);
  expect(read).toHaveBeenCalledTimes(4);
  expect(one.warnings).toEqual([expect.stringContaining('read'), expect.stringContaining('saved')]);
  read.mockRestore();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await savedIn(store)).toMatchObject({ entries: [[expect.any(String), 40, [40, 40, 40]]] });
});

test('a store that hangs delays neither start nor end; what comes late is taken over', async () => {
  const store = openStore();
  const former = start(store);
  teach(former, 40);
  await former.kept.close();
  const note = await store.readNote('calibration');
  const read = Promise.withResolvers<string | undefined>();
  const write = Promise.withResolvers<void>();
  const one = start({ readNote: () => read.promise, writeNote: () => write.promise });
  await vi.advanceTimersByTimeAsync(500);
  await one.kept.restored;
  teach(one, 70, 'plain');
  expect(learnedBy(one)).toBe(0);
  read.resolve(note);
  await vi.advanceTimersByTimeAsync(0);
  expect([learnedBy(one), learnedBy(one, 'plain')]).toEqual([40, 70]);
  const closed = one.kept.close();
  await vi.advanceTimersByTimeAsync(500);
  await closed;
  expect(one.warnings).toEqual([]);
});

test('what changes while it is written is written next', async () => {
  const store = openStore();
  const one = start(store);
  const gate = Promise.withResolvers<void>();
  const write = vi.spyOn(store, 'writeNote').mockImplementationOnce(() => gate.promise);
  teach(one, 40);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(write).toHaveBeenCalledTimes(1);
  teach(one, 70, 'plain');
  const closed = one.kept.close();
  gate.resolve();
  await closed;
  expect((await savedIn(store)).entries).toHaveLength(2);
});

test('without a store it lives in memory', async () => {
  const one = start(undefined);
  await one.kept.restored;
  teach(one, 40);
  expect(learnedBy(one)).toBe(40);
  await vi.advanceTimersByTimeAsync(60_000);
  await one.kept.close();
  expect(vi.getTimerCount()).toBe(0);
  expect(one.warnings).toEqual([]);
});

test('a correction that changes is told, an answer that changes none is not', () => {
  const one = start(undefined);
  teach(one, 40);
  expect(one.debug).toEqual([{ model, features: 'tools', correction: 40, before: 0, answers: 3 }]);
});
