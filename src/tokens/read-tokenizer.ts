// Hugging Face's tokenizer.json → the tables of our encoder. Only the one kind of tokenizer that Cohere's Command
// family has; anything else is refused, since a count that looks exact and is not would be worse than an estimate.
import { buildPairSlots, maxSymbols } from './pair-table.ts';
import type { SpecialToken, Vocabulary } from './vocabulary-file.ts';

export class UnsupportedTokenizerError extends Error {
  override readonly name = 'UnsupportedTokenizerError';
}

type JsonObject = Readonly<Record<string, unknown>>;

/** @throws UnsupportedTokenizerError */
export function readTokenizer(json: unknown): Vocabulary {
  const tokenizer = asObject(json, 'the file');
  checkSteps(tokenizer);
  const model = asObject(tokenizer.model, 'model');
  checkModel(model);
  const tokens = readTokens(model.vocab);
  const merges = readMerges(model.merges);
  const symbols = new Map(byteTokens().map((token, byte) => [token, byte]));
  const made = new Uint32Array(merges.length);
  for (const [rank, [left, right]] of merges.entries()) {
    const token = left + right;
    // Two merges may make the same token.
    const symbol = symbols.get(token) ?? 256 + rank;
    symbols.set(token, symbol);
    made[rank] = symbol;
  }
  const ids = new Uint32Array(256 + merges.length);
  for (const [token, symbol] of symbols) {
    const id = tokens.get(token);
    if (id === undefined) throw new UnsupportedTokenizerError('a merge or a byte has no token');
    ids[symbol] = id;
  }
  const pairs = merges.map(([left, right]) => {
    const leftSymbol = symbols.get(left);
    const rightSymbol = symbols.get(right);
    // Of something that neither is a byte nor is ever made.
    return leftSymbol === undefined || rightSymbol === undefined
      ? undefined
      : ([leftSymbol, rightSymbol] as const);
  });
  return {
    pairSlots: buildPairSlots(pairs),
    made,
    ids,
    specialTokens: readSpecialTokens(tokenizer.added_tokens),
  };
}

function checkSteps({ normalizer, pre_tokenizer }: JsonObject): void {
  if (asObject(normalizer, 'normalizer').type !== 'NFC')
    throw new UnsupportedTokenizerError('not normalised to NFC');
  const { type, pretokenizers } = asObject(pre_tokenizer, 'pre_tokenizer');
  const [digits, byteLevel, ...more] =
    type === 'Sequence' && Array.isArray(pretokenizers) ? pretokenizers : [];
  const { type: first, individual_digits } = asObject(digits, 'first pre-tokenizer');
  const { type: second, add_prefix_space, use_regex } = asObject(byteLevel, 'second pre-tokenizer');
  // `use_regex` came later than the first such files, which mean it.
  const isKnown =
    first === 'Digits' &&
    individual_digits === true &&
    second === 'ByteLevel' &&
    add_prefix_space === false &&
    use_regex !== false &&
    more.length === 0;
  if (!isKnown) throw new UnsupportedTokenizerError('words are split in another way');
}

function checkModel(model: JsonObject): void {
  if (model.type !== 'BPE') throw new UnsupportedTokenizerError('no byte-pair encoding');
  for (const name of [
    'dropout',
    'continuing_subword_prefix',
    'end_of_word_suffix',
    'byte_fallback',
    'ignore_merges',
  ]) {
    // Absent, null, false, 0 and '' all mean that it is not used.
    if (model[name]) throw new UnsupportedTokenizerError(`the model has ${name}`);
  }
}

function readTokens(vocab: unknown): Map<string, number> {
  const tokens = new Map<string, number>();
  for (const [token, id] of Object.entries(asObject(vocab, 'vocab'))) tokens.set(token, asId(id));
  return tokens;
}

/** Each is a pair, or one string with a blank between in older files. */
function readMerges(merges: unknown): readonly (readonly [left: string, right: string])[] {
  if (!Array.isArray(merges) || merges.length > maxSymbols - 256)
    throw new UnsupportedTokenizerError('no list of merges, or too long a one');
  return merges.map((merge: unknown) => {
    const [left, right, ...more]: unknown[] =
      typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    if (typeof left !== 'string' || typeof right !== 'string' || more.length > 0)
      throw new UnsupportedTokenizerError('a merge is not of two tokens');
    return [left, right];
  });
}

function readSpecialTokens(added: unknown): readonly SpecialToken[] {
  if (!Array.isArray(added)) throw new UnsupportedTokenizerError('no list of added tokens');
  return added.map((token: unknown) => {
    const { content, id, single_word, lstrip, rstrip, normalized } = asObject(token, 'added token');
    if (typeof content !== 'string' || content === '' || single_word || lstrip || rstrip || normalized)
      throw new UnsupportedTokenizerError('an added token is more than a text of its own');
    return { content, id: asId(id) };
  });
}

/** How byte-level vocabularies write each byte: as itself where it can be seen, else as the next letter from U+0100. */
function byteTokens(): readonly string[] {
  let hidden = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isVisible = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCharCode(isVisible ? byte : hidden++);
  });
}

function asObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UnsupportedTokenizerError(`${what} is no object`);
  return value as JsonObject;
}

function asId(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 2 ** 32)
    throw new UnsupportedTokenizerError('an id is no whole number');
  return value;
}
