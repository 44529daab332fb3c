// A whole response (stream off) → the same events as a stream.
import { ProxyError } from '../conversation/errors.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { type AnswerLimits, AnswerSize } from './check-answer.ts';
import { checkIsNoError } from './error-in-answer.ts';
import { BlockPlaces } from './places.ts';
import { readCitation, readEnd, readLogprobs, readText, readWritten } from './read-answer.ts';
import type { ToolNames } from './tool-names.ts';
import type { ReadChatResponse } from './wire.ts';

export function readResponse(body: unknown, toolNames: ToolNames, limits: AnswerLimits): TurnEvent[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid();
  const response = body as ReadChatResponse;
  const { message, id } = response;
  if (typeof message !== 'object' || message === null) {
    checkIsNoError(body);
    throw invalid();
  }

  const events: TurnEvent[] = [{ type: 'turn-start', ...(typeof id === 'string' ? { responseId: id } : {}) }];
  if (typeof message.tool_plan === 'string' && message.tool_plan !== '') {
    events.push({ type: 'tool-plan-delta', text: message.tool_plan });
  }
  let logprobs = listOf(response.logprobs).flatMap(readLogprobs);
  const places = new BlockPlaces();
  for (const [index, block] of listOf(message.content).entries()) {
    if (typeof block?.thinking === 'string' && block.thinking !== '')
      events.push({ type: 'reasoning-delta', index: places.of('reasoning', index), text: block.thinking });
    else if (typeof block?.text === 'string' && block.text !== '') {
      events.push({
        type: 'text-delta',
        index: places.of('text', index),
        text: block.text,
        ...(logprobs.length > 0 ? { logprobs } : {}),
      });
      logprobs = [];
    }
  }
  for (const [index, call] of listOf(message.tool_calls).entries()) {
    const written = readWritten(call?.function?.arguments);
    const name = toolNames.fromCohere(readText(call?.function?.name));
    events.push({ type: 'tool-call-start', index, id: readText(call?.id), name });
    // Nothing written yet when the output limit came: the call stays open, as it does in a stream.
    if (written === '' && response.finish_reason === 'MAX_TOKENS') continue;
    // Cohere writes `null` for a tool without parameters.
    events.push({ type: 'tool-call-delta', index, arguments: isNoArguments(written) ? '{}' : written });
    events.push({ type: 'tool-call-end', index });
  }
  for (const read of listOf(message.citations)) {
    const citation = readCitation(read);
    if (citation) events.push({ type: 'citation', citation: places.cite(citation) });
  }
  events.push(readEnd(response));
  const size = new AnswerSize(limits);
  for (const event of events) size.add(event);
  return events;
}

function listOf<Item>(value: readonly Item[] | null | undefined): readonly Item[] {
  if (value === null || value === undefined) return [];
  // What came over the wire may be anything, whatever its type says.
  if (!Array.isArray(value)) throw invalid();
  return value;
}

function isNoArguments(text: string): boolean {
  const trimmed = text.trim();
  return trimmed === '' || trimmed === 'null';
}

function invalid(): ProxyError {
  return new ProxyError(
    'upstream_invalid_response',
    'Cohere answered with something that is no chat response.',
  );
}
