// The encoder against a published one: ids of every text, and for each difference the step that it comes from.
import type { Encoder } from '../../src/tokens/encoder.ts';
import type { Corpus } from './corpus.ts';
import type { PublishedEncoder } from './published-encoder.ts';

export interface Comparison {
  readonly name: string;
  readonly tokens: number;
  /** Texts whose ids, or whose count, differ. */
  readonly differences: readonly string[];
}

const batchSize = 64;

export async function compare(
  { name, texts }: Corpus,
  encoder: Encoder,
  published: PublishedEncoder,
): Promise<Comparison> {
  const differences: string[] = [];
  let tokens = 0;
  for (let at = 0; at < texts.length; at += batchSize) {
    const batch = texts.slice(at, at + batchSize);
    for (const [index, wanted] of (await published.encode(batch)).entries()) {
      const text = batch[index] ?? '';
      const ids = encoder.encode(text, { specialTokens: true });
      const count = encoder.count(text, { specialTokens: true });
      tokens += wanted.length;
      const isEqual = count === wanted.length && ids.join() === wanted.join();
      if (!isEqual) differences.push(`${causeOf(text, published)}: ${JSON.stringify(text.slice(0, 80))}`);
    }
  }
  return { name, tokens, differences };
}

function causeOf(text: string, published: PublishedEncoder): string {
  return published.normalise(text) === text.normalize() ? 'same NFC' : 'another NFC';
}

/**
 * Whether the published encoder's tables are new enough for a character: its NFC is of Unicode 9, its letters are those
 * of Unicode 16, and Node's of whatever its ICU has.
 */
export function isKnownTo(published: PublishedEncoder, character: string): boolean {
  const among = `q\u0345${character}\u0334क${character}\u0301${character}e${character}\u0316\u0301`;
  const forms = [among, `x${character.normalize('NFD')}y`];
  if (forms.some(form => published.normalise(form) !== form.normalize())) return false;
  const isLetter = /\p{L}/u.test(character);
  return (published.split(`a${character}!`)[0] === 2) === isLetter;
}
