// An answer in one piece. In `message` only `role` is always there: what is empty is left out.
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Citation, countCodePoints } from './cite.ts';
import type { CutAnswer } from './cut-answer.ts';
import type { JsonObject } from './json.ts';
import { logprobOf } from './logprobs.ts';
import { splitTokens } from './split-tokens.ts';

export interface ContentBlock {
  readonly type: 'thinking' | 'text';
  readonly text: string;
}

/** An answer without calls has text, be it empty, unless all was spent on thinking. */
export function contentOf(answer: CutAnswer): readonly ContentBlock[] {
  const hasText =
    answer.text !== '' || (answer.calls.length === 0 && answer.thinking + answer.toolPlan === '');
  return [
    ...(answer.thinking === '' ? [] : [{ type: 'thinking', text: answer.thinking } as const]),
    ...(hasText ? [{ type: 'text', text: answer.text } as const] : []),
  ];
}

export function writeCitation({ start, end, text, source }: Citation, contentIndex: number): JsonObject {
  // Recorded: the index is left out where it is 0.
  const index = contentIndex === 0 ? {} : { content_index: contentIndex };
  return { start, end, text, sources: [{ ...source }], type: 'TEXT_CONTENT', ...index };
}

export function writeBody(
  id: string,
  answer: CutAnswer,
  usage: JsonObject,
  hasLogprobs: boolean,
): JsonObject {
  const content = contentOf(answer);
  const textIndex = content.findIndex(block => block.type === 'text');
  return {
    id,
    message: {
      role: 'assistant',
      ...(content.length === 0
        ? {}
        : { content: content.map(block => ({ type: block.type, [block.type]: block.text })) }),
      ...(answer.toolPlan === '' ? {} : { tool_plan: answer.toolPlan }),
      ...(answer.calls.length === 0
        ? {}
        : {
            tool_calls: answer.calls.map(call => ({
              id: call.id,
              type: 'function',
              function: { name: call.name, arguments: call.arguments },
            })),
          }),
      ...(answer.citations.length === 0
        ? {}
        : { citations: answer.citations.map(citation => writeCitation(citation, textIndex)) }),
    },
    finish_reason: answer.finishReason,
    usage,
    ...(hasLogprobs ? { logprobs: splitTokens(answer.text).map(logprobOf) } : {}),
  };
}

export interface WholeReply {
  readonly body: JsonObject;
  readonly promptTokens: number;
  readonly answer: CutAnswer;
  readonly ending: 'whole' | 'cut' | 'stall';
  readonly delayMs: number;
  readonly signal: AbortSignal;
}

/** Resolves when the reply is out or the client has gone. */
export async function writeResponse(response: ServerResponse, reply: WholeReply): Promise<void> {
  // The signal aborts when the response closes, so this waits for the client to leave, or for `close()`.
  if (reply.ending === 'stall') return;
  if (reply.delayMs > 0) {
    await sleep(reply.delayMs, undefined, { signal: reply.signal }).catch(() => undefined);
    if (reply.signal.aborted) return;
  }
  const json = JSON.stringify(reply.body);
  response.writeHead(200, {
    'content-type': 'application/json',
    num_chars: String(json.length + countCodePoints(reply.answer.text)),
    num_tokens: String(reply.promptTokens + reply.answer.outputTokens),
  });
  if (reply.ending === 'whole') {
    response.end(json);
    return;
  }
  response.write(json.slice(0, json.length / 2), () => response.destroy());
}
