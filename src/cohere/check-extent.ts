// What of an answer of Cohere's is too much to be parsed in one go, or could not be stored.
import { ProxyError } from '../conversation/errors.ts';
import { exceedsExtent } from '../conversation/json-extent.ts';

/** No answer nests deeper than a few levels; the log probabilities of a long one are most of its values. */
const largestAnswer = { depth: 64, values: 150_000 };

/** @throws ProxyError `upstream_invalid_response` */
export function checkExtent(text: string): void {
  if (!exceedsExtent(text, largestAnswer)) return;
  throw new ProxyError(
    'upstream_invalid_response',
    'Cohere answered with JSON of more values, or nested deeper, than any answer of its API.',
  );
}
