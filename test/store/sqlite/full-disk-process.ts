// A process of its own on a disk that is filled by what it stores. `node full-disk-process.ts DIRECTORY`
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { codeOf } from '../../contract/given.ts';
import { key, turn } from '../record-turn.ts';

const [directory = ''] = process.argv.slice(2);
let nowMs = 1_000_000;
const problems: string[] = [];
const records = await SqliteRecords.open({
  path: `${directory}/sessions.db`,
  now: () => nowMs,
  tombstoneMs: 60_000,
  onProblem: ({ message }) => problems.push(message),
});
const say = (what: string, told: unknown) => process.stdout.write(`${JSON.stringify([what, told])}\n`);
const said = (at: number) => JSON.stringify(`said ${at} `.repeat(3_000));

/** Appends sessions until there is no room; how many. */
async function fill(prefix: string): Promise<number> {
  for (let at = 0; ; at += 1) {
    const code = await codeOf(
      records.append(key(`${prefix}${at}`), turn([said(at)]), { expectedVersion: 0 }),
    );
    if (code !== 'works') {
      say('full', code);
      return at;
    }
  }
}

say('ready', await codeOf(records.check()));
const first = await fill('a');
say('stored', first > 20);
say('ready', await codeOf(records.check()));
say('read', (await records.open(key('a0'))).status);
// One after another, and together.
for (let at = 0; at < 5; at += 1) say('deleted', await records.delete(key(`a${at}`)));
const together = await Promise.all([5, 6, 7, 8, 9].map(at => records.delete(key(`a${at}`))));
say('deleted', together);
say('ready', await codeOf(records.check()));
say('appended', await codeOf(records.append(key('b'), turn([said(0)]), { expectedVersion: 0 })));
// All of it expires.
await fill('c');
nowMs += 120_000;
await records.sweep();
await records.sweep();
say('expired', (await records.list({ owner: 'ada', branches: true, limit: 9 })).records.length);
say('ready', await codeOf(records.check()));
say('stored again', (await fill('d')) > first / 2);
say('read', (await records.open(key('d0'))).status);
await records.close();
say('problems', problems);
