// S3: no room left.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SpareRoom } from '../../../src/store/sqlite/spare-room.ts';
import { codeOf } from '../../contract/given.ts';
import { hasSmallDisk, startOnSmallDisk } from '../../support/small-disk.ts';
import { key, turn } from '../record-turn.ts';
import { beginSqlite } from './begin.ts';
import { checkTables } from './check-tables.ts';

const said = (at: number) => JSON.stringify(`said ${at} `.repeat(200));

test('[S3] [R2] [R8] [R9] [I11] full at every append of a small file: nothing is half, the rest is as it was', async () => {
  const fits = new Set<number>();
  for (let maxBytes = 296 * 1024; maxBytes <= 456 * 1024; maxBytes += 8 * 1024) {
    const { path, records } = await beginSqlite({ maxBytes });
    let version = 0;
    let code = 'works';
    while (code === 'works') {
      const more = turn([said(version), said(version)], {
        mark: { key: `k${version}`, ttlMs: 9, turn: '{}' },
      });
      code = await codeOf(records.append(key(), more, { expectedVersion: version }));
      if (code === 'works') version += 1;
    }
    expect(code).toBe('store_full');
    fits.add(version);
    const opened = version > 0 && (await records.open(key()));
    if (opened && opened.status === 'found') {
      expect(opened.record.version).toBe(version);
      expect(opened.messages).toEqual(
        Array.from({ length: version * 2 }, (_, at) => said(Math.floor(at / 2))),
      );
      expect(await records.recall(key(), `k${version}`)).toBeUndefined();
      // There is room again.
      expect(await records.delete(key())).toBe(true);
      const anew = turn([said(0)]);
      expect(await codeOf(records.append(key('t'), anew, { expectedVersion: 0 }))).toBe('works');
    }
    await records.close();
    expect(statSync(path).size).toBeLessThanOrEqual(maxBytes);
    checkTables(path);
  }
  expect(fits.size).toBeGreaterThan(5);
});

test.skipIf(process.platform === 'win32')(
  '[S3] a pipe where the spare room should be keeps nobody waiting and gives way',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'store');
    execFileSync('mkfifo', [`${path}-spare`]);
    const room = new SpareRoom(path);
    expect([room.take(), room.take(), room.isHeld]).toEqual([false, true, true]);
  },
);

test('[S3] of many that come together those that fit are stored, and each is told the truth', async () => {
  const { path, records } = await beginSqlite({ maxBytes: 400 * 1024 });
  const large = JSON.stringify('x'.repeat(60_000));
  const ids = Array.from({ length: 20 }, (_, at) => `s${at}`);
  const codes = await Promise.all(
    ids.map((id, at) =>
      codeOf(records.append(key(id), turn([at % 2 === 0 ? large : '"small"']), { expectedVersion: 0 })),
    ),
  );
  expect(new Set(codes)).toEqual(new Set(['works', 'store_full']));
  for (const [at, id] of ids.entries())
    expect((await records.open(key(id))).status).toBe(codes[at] === 'works' ? 'found' : 'missing');
  await records.close();
  checkTables(path);
});

describe.runIf(hasSmallDisk)('a full disk', () => {
  test.each([8, 10, 14])(
    '[S3] [XF9] of %s MiB: what is there can be deleted, and expires',
    async mebibytes => {
      const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
      onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
      const program = fileURLToPath(new URL('full-disk-process.ts', import.meta.url));
      const child = startOnSmallDisk(directory, mebibytes * 2 ** 20, [program, directory]);
      onTestFinished(() => void child.kill('SIGKILL'));
      let text = '';
      for (const output of [child.stdout, child.stderr])
        output.setEncoding('utf8').on('data', part => {
          text += part;
        });
      await once(child, 'close');
      const told = text
        .trimEnd()
        .split('\n')
        .map(line => (line.startsWith('[') ? JSON.parse(line) : line));
      expect(told).toEqual([
        ['ready', 'works'],
        ['full', 'store_full'],
        ['stored', true],
        ['ready', 'store_full'],
        ['read', 'found'],
        ...Array.from({ length: 5 }, () => ['deleted', true]),
        ['deleted', [true, true, true, true, true]],
        ['ready', 'works'],
        ['appended', 'works'],
        ['full', 'store_full'],
        ['expired', 0],
        ['ready', 'works'],
        ['full', 'store_full'],
        ['stored again', true],
        ['read', 'found'],
        ['problems', []],
      ]);
    },
  );
});
