// Opens a store, appends once and leaves it open. `node idle-process.ts PATH`
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { keyOf, turnOf } from './numbered-turns.ts';

const [path = ''] = process.argv.slice(2);
const records = await SqliteRecords.open({ path, now: Date.now, tombstoneMs: 1 });
const { status } = await records.append(keyOf('s'), turnOf('t'), { expectedVersion: 0 });
process.stdout.write(`${status}\n`);
