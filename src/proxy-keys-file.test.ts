import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { textFileBytes } from './limits.ts';
import {
  proxyKeysFileWarnings,
  readProxyKeysFile,
  type WatchedProxyKeys,
  watchProxyKeysFile,
} from './proxy-keys-file.ts';

const key = (name: string) => `${name} canary-${name}-0123456789\n`;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-keys-'));
  path = join(directory, 'keys.txt');
  const made = directory;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
});

/** What was told, in order: the names of keys, or problems. */
class Told {
  readonly all: string[] = [];
  readonly watched: WatchedProxyKeys;
  #heard: (() => void) | undefined;

  constructor({ seen } = readProxyKeysFile(path)) {
    const tell = (told: string) => {
      this.all.push(told);
      this.#heard?.();
    };
    this.watched = watchProxyKeysFile(path, {
      seen,
      onKeys: keys => tell(keys.map(({ name }) => name).join(' ')),
      onProblem: problems => tell(`problem: ${problems.join('; ')}`),
    });
    onTestFinished(() => this.watched.close());
  }

  async next(count: number): Promise<string[]> {
    while (this.all.length < count)
      await new Promise<void>(resolve => {
        this.#heard = resolve;
      });
    return this.all;
  }
}

function linkToPipe(): void {
  const pipe = join(directory, 'pipe');
  rmSync(pipe, { force: true });
  execFileSync('mkfifo', [pipe]);
  symlinkSync('pipe', path);
}

function sized(bytes: number): void {
  writeFileSync(path, key('ada'));
  truncateSync(path, bytes);
}

describe('XF9 the file of the proxy keys', () => {
  test('XF9 written in place', async () => {
    writeFileSync(path, key('ada'));
    const told = new Told();
    writeFileSync(path, key('grace'));
    expect(await told.next(1)).toEqual(['grace']);
  });

  test('XF9 written between the first reading and the watch', async () => {
    writeFileSync(path, key('ada'));
    const read = readProxyKeysFile(path);
    writeFileSync(path, key('grace'));
    expect(await new Told(read).next(1)).toEqual(['grace']);
  });

  test('XF9 replaced by rename', async () => {
    writeFileSync(path, key('ada'));
    const told = new Told();
    writeFileSync(`${path}.new`, key('ada') + key('grace'));
    renameSync(`${path}.new`, path);
    expect(await told.next(1)).toEqual(['ada grace']);
  });

  test('XF9 a link to a directory that leads elsewhere now, as Kubernetes updates a mounted secret', async () => {
    for (const [version, name] of [
      ['..1', 'ada'],
      ['..2', 'grace'],
    ] as const) {
      mkdirSync(join(directory, version));
      writeFileSync(join(directory, version, 'keys.txt'), key(name));
    }
    symlinkSync('..1', join(directory, '..data'));
    symlinkSync(join('..data', 'keys.txt'), path);
    const told = new Told();
    symlinkSync('..2', join(directory, '..data_tmp'));
    renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    expect(await told.next(1)).toEqual(['grace']);
  });

  test('XF9 emptied and then written: nothing is told of the moment between', async () => {
    writeFileSync(path, key('ada') + key('grace'));
    const told = new Told();
    writeFileSync(path, '');
    writeFileSync(path, key('ada'));
    writeFileSync(path, key('grace') + key('ada'), { flag: 'a' });
    writeFileSync(path, key('ada') + key('grace'));
    expect((await told.next(1))[0]).toBe('ada grace');
  });

  test.each([
    ['removed', () => rmSync(path), 'problem: cannot be read (ENOENT)'],
    ['emptied', () => writeFileSync(path, ''), 'problem: holds no key'],
    [
      'broken in its second line',
      () => writeFileSync(path, `${key('ada')}canary\n`),
      'problem: line 2: must be a name, a space or a comma, and a key',
    ],
    [
      'replaced by a directory',
      () => {
        rmSync(path);
        mkdirSync(path);
      },
      'problem: cannot be read (EISDIR)',
    ],
  ])('XF9 %s: a problem is told once, and no keys; then it is good again', async (_what, change, problem) => {
    writeFileSync(path, key('ada'));
    const told = new Told();
    change();
    expect(await told.next(1)).toEqual([problem]);
    rmSync(path, { recursive: true, force: true });
    writeFileSync(path, key('grace'));
    const all = await told.next(2);
    expect(all.at(-1)).toBe('grace');
    expect(all.join()).not.toContain('canary');
  });

  test.skipIf(process.platform === 'win32').each([
    ['a pipe without a writer', () => execFileSync('mkfifo', [path]), 'cannot be read (not a regular file)'],
    ['a link to a pipe', linkToPipe, 'cannot be read (not a regular file)'],
    ['a link to /dev/zero', () => symlinkSync('/dev/zero', path), 'cannot be read (not a regular file)'],
    ['a link to /dev/null', () => symlinkSync('/dev/null', path), 'cannot be read (not a regular file)'],
    ['a link to itself', () => symlinkSync('keys.txt', path), 'cannot be read (ELOOP)'],
    ['a directory', () => mkdirSync(path), 'cannot be read (EISDIR)'],
    ['3 GiB without a byte of data', () => sized(3 * 2 ** 30), 'cannot be read (larger than 1048576 bytes)'],
    ['a byte too many', () => sized(textFileBytes + 1), 'cannot be read (larger than 1048576 bytes)'],
  ])(
    'XF9 %s in its place: told at the start, on a change and when asked; then a good one is taken',
    async (_what, put, problem) => {
      put();
      expect(readProxyKeysFile(path)).toMatchObject({ keys: [], problems: [problem] });
      rmSync(path, { recursive: true });
      writeFileSync(path, key('ada'));
      const told = new Told();
      rmSync(path);
      put();
      expect((await told.next(1)).at(-1)).toBe(`problem: ${problem}`);
      told.watched.reload();
      expect(told.all).toEqual([`problem: ${problem}`, `problem: ${problem}`]);
      writeFileSync(`${path}.new`, key('grace'));
      rmSync(path, { recursive: true });
      renameSync(`${path}.new`, path);
      expect((await told.next(3)).at(-1)).toBe('grace');
    },
  );

  test('XF9 the largest file is read', () => {
    const comment = `# ${'x'.repeat(textFileBytes - key('ada').length - 3)}\n`;
    writeFileSync(path, comment + key('ada'));
    expect(readProxyKeysFile(path)).toMatchObject({ keys: [{ name: 'ada' }], problems: [] });
  });

  test('XF9 read again when it is asked for, although nothing has changed', () => {
    writeFileSync(path, key('ada'));
    const told = new Told();
    told.watched.reload();
    expect(told.all).toEqual(['ada']);
  });
});

describe.skipIf(process.platform === 'win32')('XF9 who else may read the file, or change it', () => {
  test.each([
    [0o600, 0o700, []],
    [0o400, 0o755, []],
    [0o640, 0o700, ['others can read the file of the proxy keys: chmod 600 it']],
    [0o604, 0o700, ['others can read the file of the proxy keys: chmod 600 it']],
    [0o666, 0o700, ['others can change the file of the proxy keys: chmod 600 it']],
    [0o620, 0o700, ['others can change the file of the proxy keys: chmod 600 it']],
    [0o600, 0o770, ['others can replace the file of the proxy keys: chmod go-w its directory']],
    [0o600, 0o1777, []],
  ])('XF9 file %o in a directory %o', (file, inside, warnings) => {
    writeFileSync(path, key('ada'));
    chmodSync(path, file);
    chmodSync(directory, inside);
    expect(proxyKeysFileWarnings(path)).toEqual(warnings);
  });

  test('XF9 where a link leads counts', () => {
    const elsewhere = join(directory, 'elsewhere');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'keys'), key('ada'), { mode: 0o600 });
    chmodSync(elsewhere, 0o777);
    symlinkSync(join('elsewhere', 'keys'), path);
    expect(proxyKeysFileWarnings(path)).toHaveLength(1);
  });
});
