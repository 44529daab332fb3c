// A process of its own that holds a session and claims a key until it is killed. `node holding-process.ts PATH`
import { SqliteRecords } from '../../../src/store/sqlite/sqlite-records.ts';
import { keyOf } from './numbered-turns.ts';

const [path = ''] = process.argv.slice(2);
const records = await SqliteRecords.open({ path, now: Date.now, tombstoneMs: 1 });
const lease = { holder: 'theirs', ttlMs: 3_600_000 };
await records.open(keyOf('s'), { lease });
await records.claim(keyOf('s'), 'k', { ...lease, fingerprint: 'f' });
process.stdout.write('held\n');
setInterval(() => {}, 60_000);
