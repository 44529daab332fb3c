// S1, S2: killed at any moment, everything acknowledged is there, and nothing is half. `KILLS=200` for longer.
import { statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { beginSqlite, makePath } from '../store/sqlite/begin.ts';
import { checkTables } from '../store/sqlite/check-tables.ts';
import { keyOf, turnsIn } from '../store/sqlite/numbered-turns.ts';
import { acknowledgedIn, type Running, spawnAppending, untilPrinted } from '../store/sqlite/processes.ts';
import { randomSource } from '../support/seed.ts';

const kills = Number(process.env.KILLS ?? 20);
const callers = 6;
const sessions = 4;

/** Kills it at a moment that is not chosen by what it does. */
async function killAfter({ child, ended }: Running, ms: number): Promise<void> {
  await pause(ms);
  child.kill('SIGKILL');
  await ended;
}

test(
  `[S1] [S2] [R2] [I2] ${kills} kills while several callers append, cut, delete and sweep`,
  async () => {
    const random = randomSource('kills');
    const path = makePath();
    const acknowledged: string[] = [];
    let before = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const process = spawnAppending(path, `k${kill}`, callers, sessions, 1_000_000, 'churn');
      await untilPrinted(process, 'open');
      await killAfter(process, random() * 150);
      acknowledged.push(...process.lines());
      expect(process.lines().filter(line => /problem|Error/.test(line))).toEqual([]);

      const { records } = await beginSqlite({ path, now: Date.now });
      for (const [id, turns] of acknowledgedIn(acknowledged)) {
        const opened = await records.open(keyOf(id));
        if (opened.status !== 'found') throw new Error(`${id} is ${opened.status} after kill ${kill}`);
        const found = turnsIn(opened.messages);
        // Gapless: each version has its turn, the acknowledged ones at theirs.
        expect(found.length).toBe(opened.record.version);
        expect(new Set(found).size).toBe(found.length);
        for (const [version, turn] of turns) expect(found[version - 1]).toBe(turn);
      }
      await records.close();
      checkTables(path);
      const size = acknowledgedIn(acknowledged).size;
      expect(size).toBeGreaterThanOrEqual(before);
      before = size;
    }
    const turns = [...acknowledgedIn(acknowledged).values()].reduce((sum, { size }) => sum + size, 0);
    expect(turns).toBeGreaterThan(kills);
    // What is checkpointed with the last close leaves no log.
    expect(statSync(`${path}-wal`, { throwIfNoEntry: false })).toBeUndefined();
  },
  30_000 + kills * 5_000,
);

test(
  '[S2] [S1] killed during its first start, the next start succeeds',
  async () => {
    const random = randomSource('first starts');
    for (let kill = 0; kill < kills / 4; kill += 1) {
      const path = makePath();
      for (let again = 0; again < 2; again += 1) {
        const process = spawnAppending(path, 'first', 1, 1, 1_000_000);
        // From before the file is made until after the tables are there.
        while (process.child.exitCode === null && !statSync(path, { throwIfNoEntry: false })) await pause(1);
        await killAfter(process, random() * 30);
      }
      const { records } = await beginSqlite({ path });
      await records.check();
      await records.close();
      checkTables(path);
    }
  },
  30_000 + kills * 2_000,
);
