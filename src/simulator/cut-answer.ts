// Where an answer ends: on its own, at a stop sequence, or when `max_tokens` is spent.
import type { Answer, Call } from './answer.ts';
import { countCodePoints } from './cite.ts';
import { countPieces, takeTokens } from './split-tokens.ts';

type FinishReason = 'COMPLETE' | 'STOP_SEQUENCE' | 'MAX_TOKENS' | 'TOOL_CALL';

export interface CutAnswer extends Answer {
  readonly finishReason: FinishReason;
  /** What was generated, which after a stop sequence is more than what is returned. */
  readonly outputTokens: number;
  /** What is returned and paid. */
  readonly billedTokens: number;
}

interface Limits {
  readonly stopSequences: readonly string[];
  readonly maxTokens: number;
}

const callMarkup = 28;

export function cutAnswer(answer: Answer, { stopSequences, maxTokens }: Limits): CutAnswer {
  const stopped = stopAt(answer.text, stopSequences);
  let left = maxTokens;
  let isCut = false;
  const spend = (text: string): string => {
    const tokens = countPieces(text);
    const kept = tokens > left ? takeTokens(text, left) : text;
    isCut ||= tokens > left;
    left -= Math.min(tokens, left);
    return kept;
  };
  // In the order in which a model writes: what comes after the cut was never written.
  const thinking = spend(answer.thinking);
  const toolPlan = spend(answer.toolPlan);
  const calls: Call[] = [];
  for (const call of answer.calls) {
    if (left === 0 || isCut) {
      isCut = true;
      break;
    }
    calls.push({ ...call, arguments: spend(call.arguments) });
  }
  const text = spend(stopped ?? answer.text);
  const kept = countCodePoints(text);
  const billedTokens = maxTokens - left;
  return {
    thinking,
    toolPlan,
    calls,
    text,
    citations: answer.citations.filter(citation => citation.end <= kept),
    finishReason: isCut
      ? 'MAX_TOKENS'
      : calls.length > 0
        ? 'TOOL_CALL'
        : stopped === undefined
          ? 'COMPLETE'
          : 'STOP_SEQUENCE',
    outputTokens: billedTokens + 1 + calls.length * callMarkup,
    billedTokens,
  };
}

/** The text before the first stop sequence, or `undefined` where none occurs. */
function stopAt(text: string, stopSequences: readonly string[]): string | undefined {
  const positions = stopSequences.map(sequence => text.indexOf(sequence)).filter(position => position >= 0);
  return positions.length === 0 ? undefined : text.slice(0, Math.min(...positions));
}
