// OpenAI's sampling and output parameters → Cohere's ranges. Clamped where the meaning stays, dropped where Cohere
// has nothing like it; both are told to the client.
import type { Adjustments } from '../conversation/adjustments.ts';
import type { Settings } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { readDocuments } from './read-documents.ts';
import { readResponseFormat } from './read-response-format.ts';
import { readThinking } from './read-thinking.ts';
import type { ChatBody } from './wire.ts';

export interface ReadSettings extends Adjustments {
  readonly settings: Settings;
}

const maxStopSequences = 5;

export function readSettings(fields: ChatBody): ReadSettings {
  const dropped: string[] = [];
  const clamped: string[] = [];
  const rewritten: string[] = [];
  const clamp = (name: string, value: number, min: number, max: number): number => {
    const kept = Math.min(max, Math.max(min, value));
    if (kept !== value) clamped.push(`${name}=${kept}`);
    return kept;
  };

  const { temperature, top_p, k, priority, seed } = fields;
  const maxTokens = readMaxTokens(fields);
  const stopSequences = readStop(fields.stop, dropped);
  const documents = readDocuments(fields.documents ?? [], { dropped, rewritten });
  const safetyMode = readSafetyMode(fields.safety_mode, rewritten);
  // 0 is Cohere's default, and some models refuse the two penalties together: only what has an effect is sent.
  const frequencyPenalty = clamp('frequency_penalty', fields.frequency_penalty ?? 0, 0, 1);
  const presencePenalty = clamp('presence_penalty', fields.presence_penalty ?? 0, 0, 1);
  // Beyond 2^53 JSON has already changed the number; Cohere takes none below 0.
  const isSeed = typeof seed === 'number' && Number.isSafeInteger(seed) && seed >= 0;
  if (typeof seed === 'number' && !isSeed) dropped.push('seed');
  const responseFormat = readResponseFormat(fields.response_format);
  // Of two parameters for the same thing one wins.
  const thinking = readThinking(fields, dropped);
  if (isGiven(fields.max_completion_tokens) && isGiven(fields.max_tokens)) dropped.push('max_tokens');

  const settings: Settings = {
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(isGiven(temperature) ? { temperature: clamp('temperature', temperature, 0, 1) } : {}),
    // 1 means "no cut", which Cohere says by leaving it out.
    ...(isGiven(top_p) && top_p < 1 ? { topP: clamp('top_p', top_p, 0.01, 0.99) } : {}),
    ...(isGiven(k) ? { topK: k } : {}),
    ...(frequencyPenalty > 0 ? { frequencyPenalty } : {}),
    ...(presencePenalty > 0 ? { presencePenalty } : {}),
    ...(stopSequences.length > 0 ? { stopSequences } : {}),
    ...(isSeed ? { seed } : {}),
    ...(fields.logprobs ? { logprobs: true } : {}),
    ...(responseFormat ? { responseFormat } : {}),
    ...(thinking ? { thinking } : {}),
    ...(documents.length > 0 ? { documents } : {}),
    ...(fields.citation_options ? { citationOptions: fields.citation_options } : {}),
    ...(safetyMode ? { safetyMode } : {}),
    ...(isGiven(priority) ? { priority } : {}),
  };
  return { settings, dropped, clamped, rewritten };
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== null && value !== undefined;
}

/** Roo sends a literal -1 for "the model's own maximum". */
function readMaxTokens({ max_completion_tokens, max_tokens }: ChatBody): number | undefined {
  const param = isGiven(max_completion_tokens) ? 'max_completion_tokens' : 'max_tokens';
  const wanted = max_completion_tokens ?? max_tokens;
  if (!isGiven(wanted) || wanted === -1) return undefined;
  if (wanted < 1) {
    throw new ProxyError(
      'invalid_value',
      `Invalid '${param}': integer below minimum value. Expected a value >= 1, but got ${wanted} instead.`,
      { param },
    );
  }
  return wanted;
}

/** The first ones: without the others the answer may only become longer. */
function readStop(stop: ChatBody['stop'], dropped: string[]): string[] {
  const sequences: string[] = [];
  for (const [index, sequence] of (typeof stop === 'string' ? [stop] : (stop ?? [])).entries()) {
    if (sequence === '' || sequences.includes(sequence)) continue;
    if (sequences.length < maxStopSequences) sequences.push(sequence);
    else dropped.push(`stop[${index}]`);
  }
  return sequences;
}

const safetyModes = ['CONTEXTUAL', 'STRICT', 'OFF'] as const;

/** `NONE` is what Cohere's first API called `OFF`. */
function readSafetyMode(given: ChatBody['safety_mode'], rewritten: string[]): Settings['safetyMode'] {
  if (!given) return undefined;
  const upper = given.toUpperCase();
  const mode = safetyModes.find(name => name === (upper === 'NONE' ? 'OFF' : upper));
  if (mode === undefined) {
    throw new ProxyError(
      'invalid_value',
      `Invalid 'safety_mode': expected one of ${safetyModes.join(', ')}.`,
      { param: 'safety_mode' },
    );
  }
  if (mode !== given) rewritten.push('safety_mode');
  return mode;
}
