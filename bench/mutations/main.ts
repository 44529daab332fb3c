// `npm run mutations`: breaks chosen lines, one at a time, and looks whether the tests fall. The files are put back
// whatever happens; begin with a clean tree all the same. Some minutes; not for every change.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mutations } from './list.ts';

let survivors = 0;
let broken: { readonly file: string; readonly text: string } | undefined;
const putBack = () => {
  if (broken) writeFileSync(broken.file, broken.text);
  broken = undefined;
};
process.on('exit', putBack);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

for (const { breaks, file, from, to, tests } of mutations) {
  const text = readFileSync(file, 'utf8');
  broken = { file, text };
  writeFileSync(
    file,
    text.replace(from, () => to),
  );
  const { status } = spawnSync('npx', ['vitest', 'run', '--bail', '1', ...tests], { stdio: 'ignore' });
  putBack();
  if (status === 0) survivors += 1;
  process.stdout.write(`${status === 0 ? 'NOT FOUND' : 'found'}: ${breaks}\n`);
}
process.exitCode = survivors === 0 ? 0 : 1;
