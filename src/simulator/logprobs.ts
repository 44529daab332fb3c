// Log probabilities of a piece of text: made up, but always the same for the same piece.
import type { JsonObject } from './json.ts';

export function logprobOf(text: string): JsonObject {
  let hash = 7;
  for (const character of text) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 255_029;
  return { text, token_ids: [hash], logprobs: [-(hash % 1_000) / 500] };
}
