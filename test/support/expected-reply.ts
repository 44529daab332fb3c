// What a client must get of an answer of Cohere's: the rules of the README in as few lines as they take.
import type { CohereAnswer, CohereCitation } from './cohere-answer.ts';
import { ownCallId } from './own-call-id.ts';

export interface ExpectedReply {
  readonly content: string | null;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finishReason: string;
  readonly usage: {
    readonly prompt: number;
    readonly completion: number;
    readonly total: number;
    readonly cached: number;
  };
  readonly citations: readonly CohereCitation[];
}

const finishReasons: Readonly<Record<string, string>> = {
  COMPLETE: 'stop',
  STOP_SEQUENCE: 'stop',
  MAX_TOKENS: 'length',
  TOOL_CALL: 'tool_calls',
};

export function expectedReply({ message, finish_reason, usage }: CohereAnswer): ExpectedReply {
  let content = '';
  let reasoning = '';
  for (const block of message.content ?? []) {
    if (block.type === 'text') content += block.text;
    else reasoning += block.thinking;
  }
  const counts = usage?.tokens ?? usage?.billed_units;
  const prompt = (counts?.input_tokens ?? 0) + (usage?.tokens?.image_tokens ?? 0);
  const completion = counts?.output_tokens ?? 0;
  return {
    content: content === '' ? null : content,
    reasoning: reasoning + (message.tool_plan ?? ''),
    toolCalls: (message.tool_calls ?? []).map(({ function: { name, arguments: text } }) => ({
      id: ownCallId,
      name,
      arguments: text === 'null' || text === '' ? '{}' : text,
    })),
    finishReason: finishReasons[finish_reason] ?? finish_reason,
    usage: { prompt, completion, total: prompt + completion, cached: usage?.cached_tokens ?? 0 },
    citations: message.citations ?? [],
  };
}

/** The text that an annotation marks, from Cohere's code points. */
export function citedText(content: string, { start, end }: CohereCitation): string {
  return [...content].slice(start, end).join('');
}
