// `node bench/encoder-exact.ts [tokens]`: the encoder against a published one, text by text, id by id; by default over
// more than a million tokens. Ends with 1 where there is a difference.
import { loadEncoder } from '../src/tokens/vocabulary.ts';
import { compare, isKnownTo } from '../test/tokens/compare.ts';
import { naturalCorpora, randomUnicode } from '../test/tokens/corpus.ts';
import { findTokenizer, loadPublished } from '../test/tokens/published-encoder.ts';

const wantedTokens = Number(process.argv[2] ?? 1_200_000);
/** Kinds of text, and characters per token over all of them. */
const kinds = 15;
const charactersPerToken = 2.4;

const print = (line: string) => process.stdout.write(`${line}\n`);
const tokenizer = findTokenizer();
const encoder = await loadEncoder();
if (tokenizer === undefined || !encoder) print('the optional package with the vocabulary is not installed');
else {
  const published = await loadPublished(tokenizer);
  const maxCharacters = Math.ceil((wantedTokens / kinds) * charactersPerToken);
  const unknown = new Set<string>();
  const known = new Map<string, boolean>();
  const isWanted = (character: string) => {
    const isKnown = known.get(character) ?? isKnownTo(published, character);
    known.set(character, isKnown);
    if (!isKnown) unknown.add(character);
    return isKnown;
  };
  const corpora = [...naturalCorpora(maxCharacters), randomUnicode(maxCharacters, isWanted)];
  let tokens = 0;
  let differences = 0;
  for (const corpus of corpora) {
    const found = await compare(corpus, encoder, published);
    tokens += found.tokens;
    differences += found.differences.length;
    print(
      `${found.name.padEnd(16)}${String(found.tokens).padStart(9)} tokens, ${found.differences.length} of ${corpus.texts.length} texts differ`,
    );
    for (const difference of found.differences.slice(0, 5)) print(`  ${difference}`);
  }
  print(`${'all'.padEnd(16)}${String(tokens).padStart(9)} tokens, ${differences} differences`);
  const names = [...unknown].map(one => `U+${one.codePointAt(0)?.toString(16).toUpperCase()}`);
  print(`left out, since the published one's tables are older than ICU's: ${names.length} characters`);
  print(names.slice(0, 40).join(' '));
  process.exitCode = differences > 0 ? 1 : 0;
}
