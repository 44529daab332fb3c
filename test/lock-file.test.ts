// What `npm ci` installs is what was looked at: each package has a hash, comes from the registry, and says what it needs.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

const root = new URL('..', import.meta.url);
const readJson = (file: string) => JSON.parse(readFileSync(new URL(file, root), 'utf8'));
const { packages } = readJson('package-lock.json') as { packages: Record<string, LockedPackage> };
const locked = Object.entries(packages).filter(([path]) => path !== '');
const namesOf = (isSo: (one: LockedPackage, path: string) => boolean) =>
  locked.filter(([path, one]) => isSo(one, path)).map(([path]) => path);

test('[O7] [A30] every package has a hash, also those for other platforms', () => {
  expect(locked.length).toBeGreaterThan(100);
  expect(namesOf(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
});

test('[O7] [A30] none comes from elsewhere than the registry', () => {
  const isElsewhere = ({ resolved = '', link }: LockedPackage) =>
    link === true || (resolved !== '' && !resolved.startsWith('https://registry.npmjs.org/'));
  expect(namesOf(isElsewhere)).toEqual([]);
  expect(namesOf(({ version = '' }) => !/^\d+\.\d+\.\d+[\w.+-]*$/.test(version))).toEqual([]);
});

test('[O7] no package runs a program when it is installed, but the one that is allowed to', () => {
  const { allowScripts } = readJson('package.json') as { allowScripts: Record<string, boolean> };
  // Where an install script is part of a package that is only for another platform, npm does not run it.
  const scripted = namesOf(
    ({ hasInstallScript, optional }) => hasInstallScript === true && optional !== true,
  );
  expect(scripted).toEqual(Object.keys(allowScripts).map(name => `node_modules/${name}`));
});

test('[O7] what runs with the proxy are few packages, each named in the README', () => {
  const { dependencies, optionalDependencies, devDependencies } = readJson('package.json') as Record<
    string,
    Record<string, string>
  >;
  const direct = Object.keys({ ...dependencies, ...optionalDependencies });
  expect(direct.length).toBeLessThanOrEqual(10);
  const readme = readFileSync(new URL('README.md', root), 'utf8');
  expect(direct.filter(name => !readme.includes(name))).toEqual([]);
  // One version, not a range: what is installed tomorrow is what was tried today.
  const versions = Object.values({ ...dependencies, ...optionalDependencies, ...devDependencies });
  expect(versions.filter(version => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
});

test('[A30] no secret lies in the repository', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  const secret =
    /-----BEGIN [A-Z ]*PRIVATE KEY-----\n|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bsk-(?:proj-)?[A-Za-z0-9]{40,}\b|\bnpm_[A-Za-z0-9]{36}\b/;
  expect(files.filter(file => secret.test(readFileSync(new URL(file, root), 'latin1')))).toEqual([]);
});
