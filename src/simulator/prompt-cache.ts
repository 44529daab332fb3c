// Cohere's prompt cache, as far as it shows in `usage.cached_tokens`: a prompt that begins like a recent one of the
// same key is not read again. Recorded figures are multiples of 16, and 0 for a prompt never seen.
import { createHash } from 'node:crypto';
import type { ChatBody } from './chat-body.ts';
import type { PromptTokens } from './count-tokens.ts';

const capacity = 64;
const blockSize = 16;

export class PromptCache {
  /** Oldest first. One digest for all that comes before the messages, then one per message. */
  readonly #recent: (readonly string[])[] = [];

  /** How many of the prompt's tokens were seen lately; remembers this prompt in turn. */
  take(key: string, body: ChatBody, prompt: PromptTokens): number {
    const head = digest([key, body.model, body.tools, body.documents, body.responseFormat, body.thinking]);
    const digests = [head, ...body.messages.map(digest)];
    let longest = 0;
    for (const other of this.#recent) longest = Math.max(longest, commonLength(digests, other));
    this.#recent.push(digests);
    if (this.#recent.length > capacity) this.#recent.shift();
    if (longest === 0) return 0;
    const shared = prompt.messages
      .slice(0, longest - 1)
      .reduce((sum, tokens) => sum + tokens, prompt.overhead);
    return shared - (shared % blockSize);
  }
}

function commonLength(one: readonly string[], other: readonly string[]): number {
  let length = 0;
  while (length < one.length && one[length] === other[length]) length += 1;
  return length;
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64');
}
