// A refusal's sentence for the log, which holds no word of a conversation: without what it quotes of the request.

/** Looking through more would hold up everybody else for one line of the log. */
const maxBytes = 1024 * 1024;
/** So many words in a row are a quotation, fewer may be anybody's. */
const runLength = 3;
const left = '…';
/** Names of fields are in every request. */
const fieldName = /^[a-z]+(?:_[a-z]+)*$/;

/** Undefined where the request is too large to be looked through. */
export function withoutQuotes(sentence: string, request: Buffer | undefined): string | undefined {
  if (request === undefined) return sentence;
  if (request.length > maxBytes) return undefined;
  const words = sentence.replace(/(["'`])(?=\S).*?\1/g, left).split(/\s+/);
  const isIn = (text: string) => request.includes(JSON.stringify(text).slice(1, -1));
  const quoted = new Set<number>();
  for (const [at, word] of words.entries()) {
    const bare = word.replace(/^\W+|\W+$/g, '');
    if (bare !== '' && !fieldName.test(bare) && /[^A-Za-z]/.test(bare) && isIn(bare)) quoted.add(at);
    const run = words.slice(at, at + runLength);
    if (run.length === runLength && isIn(run.join(' ')))
      for (let place = at; place < at + runLength; place += 1) quoted.add(place);
  }
  return words.map((word, at) => (quoted.has(at) ? left : word)).join(' ');
}
