// The pieces of an answer that a whole response and a stream share.
import { ProxyError, type UpstreamSaid } from '../conversation/errors.ts';
import type { Citation, JsonObject } from '../conversation/message.ts';
import type { FinishReason, Logprob, TurnEvent } from '../conversation/turn-event.ts';
import { readSentence } from './read-sentence.ts';
import { readUsage } from './read-usage.ts';
import type { ReadCitation, ReadLogprobs, ReadUsage } from './wire.ts';

export function readText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The arguments of a call: a text, or the object itself where a gateway has parsed it. */
export function readWritten(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : readText(value);
}

export function readIndex(value: unknown): number | undefined {
  const index = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof index === 'number' && Number.isInteger(index) && index >= 0 ? index : undefined;
}

/** Undefined if it is no citation. Offsets stay in code points, as Cohere counts them. */
export function readCitation(read: ReadCitation | null | undefined): Citation | undefined {
  if (!read || typeof read.start !== 'number' || typeof read.end !== 'number') return undefined;
  const sources = Array.isArray(read.sources) ? read.sources : [];
  return {
    start: read.start,
    end: read.end,
    text: readText(read.text),
    sources: sources.filter((source): source is JsonObject => typeof source === 'object' && source !== null),
    // Older replies have neither; the first block is meant then.
    ...(typeof read.type === 'string' ? { type: read.type } : {}),
    ...(typeof read.content_index === 'number' ? { contentIndex: read.content_index } : {}),
  };
}

/** One chunk of text, which may be several tokens: their log probabilities add up. */
export function readLogprobs(read: ReadLogprobs | null | undefined): Logprob[] {
  if (!read || !Array.isArray(read.logprobs)) return [];
  const values: unknown[] = read.logprobs;
  let logprob = 0;
  for (const value of values) if (typeof value === 'number') logprob += value;
  return [{ text: readText(read.text), logprob }];
}

/** Where the request itself ended the answer, nothing said is no failure. */
const endedByRequest = new Set(['STOP_SEQUENCE', 'MAX_TOKENS']);

const finishReasons: Readonly<Record<string, FinishReason>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool-calls',
};

interface End {
  readonly finish_reason?: unknown;
  readonly usage?: ReadUsage | null;
  readonly error?: unknown;
  readonly error_type?: unknown;
}

/** @throws ProxyError where the answer ended as a failure (`ERROR`, `TIMEOUT`), which also comes with HTTP 200. */
export function readEnd(end: End): Extract<TurnEvent, { type: 'turn-end' }> {
  const raw = readText(end.finish_reason);
  if (raw === 'TIMEOUT') throw new ProxyError('upstream_timeout', 'Cohere ran out of time for this answer.');
  if (raw.startsWith('ERROR')) {
    const said = readSentence(end.error);
    const errorType = readText(end.error_type);
    if (isGenerationFailure(errorType, said)) throw generationFailure(said ?? errorType);
    throw new ProxyError(
      'upstream_error',
      said === undefined ? 'Cohere failed while answering.' : `Cohere: ${said}`,
    );
  }
  const usage = readUsage(end.usage);
  return {
    type: 'turn-end',
    finishReason: finishReasons[raw] ?? 'other',
    rawFinishReason: raw,
    ...(endedByRequest.has(raw) ? { mayBeEmpty: true } : {}),
    ...(usage ? { usage } : {}),
  };
}

const generationFailures = new Set([
  'INVALID_TOOL_GENERATION',
  'HALLUCINATED_ALL_TOOL_CALLS',
  'NO_VALID_RESPONSE_GENERATED',
]);

/** Gateways leave the type out; the recorded and reported sentences. */
const generationSentence =
  /\bno valid (?:tool calls?|response)\b|\binvalid tool generation\b|\ball generated tool calls were hallucinated\b/i;

/** The model failed, not the request: a repeat often works. */
export function isGenerationFailure(errorType: string | undefined, sentence: string | undefined): boolean {
  if (errorType !== undefined && generationFailures.has(errorType)) return true;
  return sentence !== undefined && generationSentence.test(sentence);
}

/** Some prompts fail every time: once by us, and nobody for ever. */
export function generationFailure(sentence: string, upstream?: UpstreamSaid): ProxyError {
  return new ProxyError('upstream_generation_failed', `Cohere: ${sentence}`, {
    repeat: 'as-is',
    ...(upstream ? { upstream } : {}),
  });
}
