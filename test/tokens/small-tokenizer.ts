// Tokenizers of a few merges, in Hugging Face's format, and a plain encoder after the definition to hold ours against.

export interface SmallTokenizer {
  readonly json: object;
  readonly merges: readonly (readonly [string, string])[];
}

/** All bytes, the given merges in their order, and two special tokens. */
export function smallTokenizer(merges: readonly (readonly [string, string])[]): SmallTokenizer {
  const tokens = new Set([...byteTokens, ...merges.map(([left, right]) => left + right)]);
  const vocab = Object.fromEntries([...tokens].map((token, id) => [token, id + 10]));
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const json = {
    version: '1.0',
    added_tokens: [
      { id: 1, content: '<END>', ...special },
      { id: 2, content: '<END><END>', ...special },
    ],
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    model: { type: 'BPE', dropout: null, byte_fallback: false, vocab, merges },
  };
  return { json, merges };
}

/** How byte-level vocabularies write each byte. */
const byteTokens: readonly string[] = (() => {
  const visible = /^[!-~¡-¬®-ÿ]$/;
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const own = String.fromCharCode(byte);
    if (visible.test(own)) return own;
    next += 1;
    return String.fromCharCode(next - 1);
  });
})();

const pattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** The words of a text in NFC, by the pattern itself. */
export function splitByPattern(text: string): string[] {
  return text
    .split(/(\p{N})/u)
    .flatMap(piece => (/^\p{N}$/u.test(piece) ? [piece] : (piece.match(pattern) ?? [])));
}

/** The tokens of a text, merged in the plainest way. */
export function encodePlainly(text: string, { merges }: SmallTokenizer): string[] {
  const ranks = new Map(
    merges.map(([left, right], rank) => [`${left} ${right}`, rank]).reverse() as [string, number][],
  );
  return splitByPattern(text.normalize()).flatMap(word => {
    const tokens = [...Buffer.from(word)].map(byte => byteTokens[byte] ?? '');
    for (;;) {
      const pairs = tokens.slice(1).map((right, at) => ranks.get(`${tokens[at]} ${right}`) ?? Infinity);
      const best = Math.min(Infinity, ...pairs);
      if (best === Infinity) return tokens;
      const at = pairs.indexOf(best);
      tokens.splice(at, 2, `${tokens[at]}${tokens[at + 1]}`);
    }
  });
}
