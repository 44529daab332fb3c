// A process of its own that appends to a store until it has done so often enough, or is killed. What is acknowledged it
// prints: session, version, turn. `node appending-process.ts PATH NAME CALLERS SESSIONS TURNS [churn]`
import { writeSync } from 'node:fs';
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { keyOf, turnOf } from './numbered-turns.ts';

const [path = '', name = '', callers = '1', sessions = '1', turns = '1', churn] = process.argv.slice(2);

// At once and whole: what was printed was acknowledged, whenever the process is killed.
const print = (line: string) => writeSync(1, `${line}\n`);

let nowMs = Date.now();
const records = await SqliteRecords.open({
  path,
  now: () => nowMs,
  tombstoneMs: 1_000,
  onProblem: ({ message, err }) => print(`problem ${message} ${String(err)}`),
});
print('open');

async function append(id: string, turnId: string, more: { livesMs?: number; keep?: number } = {}) {
  for (;;) {
    const opened = await records.open(keyOf(id), { known: { segment: '', length: 0, texts: [] } });
    const expectedVersion = opened.status === 'found' ? opened.record.version : 0;
    const appended = await records.append(keyOf(id), { ...turnOf(turnId), ...more }, { expectedVersion });
    if (appended.status === 'conflict') continue;
    if (appended.status !== 'appended') throw new Error(`${turnId}: ${appended.status}`);
    return appended.record.version;
  }
}

async function call(caller: number): Promise<void> {
  for (let turn = 0; turn < Number(turns); turn += 1) {
    const id = `s${(caller + turn) % Number(sessions)}`;
    const turnId = `${name}.${caller}.${turn}`;
    const version = await append(id, turnId);
    print(`${id} ${version} ${turnId}`);
  }
}

/** Sessions that come and go: cut, deleted, expired, swept away. */
async function comeAndGo(caller: number): Promise<void> {
  for (let turn = 0; turn < Number(turns); turn += 1) {
    const id = `gone${caller}.${turn % 3}`;
    const turnId = `${name}.gone.${caller}.${turn}`;
    await append(id, turnId, { livesMs: turn % 2 === 0 ? 5 : 60_000, keep: turn % 4 });
    if (turn % 5 === 4) await records.delete(keyOf(id));
    nowMs += 1;
    if (turn % 7 === 6) await records.sweep();
  }
}

await Promise.all(
  Array.from({ length: Number(callers) }, (_, caller) =>
    churn !== undefined && caller === 0 ? comeAndGo(caller) : call(caller),
  ),
);
await records.close();
print('closed');
