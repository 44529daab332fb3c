// As another user: opens the store, reads, and tries to write. `node reading-process.ts PATH UID`
import { ProxyError } from '../../../src/conversation/errors.ts';
import { keyOf, turnOf } from './numbered-turns.ts';

const [path = '', user = ''] = process.argv.slice(2);
const print = (line: string) => process.stdout.write(`${line}\n`);
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'works',
    (error: unknown) => (error instanceof ProxyError ? error.code : String(error)),
  );

// Loaded by who may; used by who may not.
const { SqliteRecords } = await import('../../../src/store/sqlite/sqlite-records.ts');
process.setgid?.(Number(user));
process.setuid?.(Number(user));
const problems: string[] = [];
try {
  const records = await SqliteRecords.open({
    path,
    now: () => 1_000_000,
    tombstoneMs: 1,
    onProblem: ({ message }) => problems.push(message),
  });
  const opened = await records.open(keyOf('s'));
  print(`${opened.status} ${'messages' in opened ? JSON.stringify(opened.messages) : ''}`);
  print(await codeOf(records.append(keyOf('s'), turnOf('t'), { expectedVersion: 1 })));
  print(await codeOf(records.check()));
  for (const problem of problems) print(problem);
  await records.close();
} catch (error) {
  print(error instanceof Error ? `${error.name} ${error.message}` : String(error));
}
