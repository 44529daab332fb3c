// An answer as the events of Cohere's stream, in the order in which they come.

import { countCodePoints } from './cite.ts';
import type { CutAnswer } from './cut-answer.ts';
import type { JsonObject } from './json.ts';
import { logprobOf } from './logprobs.ts';
import { splitTokens } from './split-tokens.ts';
import { contentOf, writeCitation } from './write-response.ts';

export type StreamEvent = JsonObject & { readonly type: string };

export interface StreamOptions {
  readonly id: string;
  readonly usage: JsonObject;
  readonly hasLogprobs: boolean;
  /** Citations between the deltas (`FAST`) instead of after them. */
  readonly citesAtOnce: boolean;
}

export function* streamEvents(answer: CutAnswer, options: StreamOptions): Generator<StreamEvent> {
  const message = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  yield { id: options.id, type: 'message-start', delta: { message } };
  for (const [index, block] of contentOf(answer).entries()) {
    const empty = { type: block.type, [block.type]: '' };
    yield { type: 'content-start', index, delta: { message: { content: empty } } };
    if (block.type === 'text') yield* textEvents(answer, index, options);
    else yield* splitTokens(block.text).map(piece => contentDelta(index, { thinking: piece }));
    yield { type: 'content-end', index };
  }
  for (const piece of splitTokens(answer.toolPlan)) {
    yield { type: 'tool-plan-delta', delta: { message: { tool_plan: piece } } };
  }
  for (const [index, call] of answer.calls.entries()) {
    // One object, although `message-start` promises a list.
    const start = { id: call.id, type: 'function', function: { name: call.name, arguments: '' } };
    yield { type: 'tool-call-start', index, delta: { message: { tool_calls: start } } };
    for (const piece of splitTokens(call.arguments)) {
      const delta = { function: { arguments: piece } };
      yield { type: 'tool-call-delta', index, delta: { message: { tool_calls: delta } } };
    }
    yield { type: 'tool-call-end', index };
  }
  yield { type: 'message-end', delta: { finish_reason: answer.finishReason, usage: options.usage } };
}

function* textEvents(answer: CutAnswer, index: number, options: StreamOptions): Generator<StreamEvent> {
  let written = 0;
  let cited = 0;
  for (const piece of splitTokens(answer.text)) {
    const event = contentDelta(index, { text: piece });
    yield options.hasLogprobs ? { ...event, logprobs: logprobOf(piece) } : event;
    written += countCodePoints(piece);
    if (!options.citesAtOnce) continue;
    for (; (answer.citations[cited]?.end ?? Number.POSITIVE_INFINITY) <= written; cited += 1) {
      yield* citationEvents(answer, cited, index);
    }
  }
  for (; cited < answer.citations.length; cited += 1) yield* citationEvents(answer, cited, index);
}

function* citationEvents(answer: CutAnswer, index: number, contentIndex: number): Generator<StreamEvent> {
  const citation = answer.citations[index];
  if (!citation) return;
  const citations = writeCitation(citation, contentIndex);
  yield { type: 'citation-start', index, delta: { message: { citations } } };
  yield { type: 'citation-end', index };
}

function contentDelta(index: number, content: JsonObject): StreamEvent {
  return { type: 'content-delta', index, delta: { message: { content } } };
}
