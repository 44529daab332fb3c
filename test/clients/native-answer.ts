// What Cohere says in a script, and in which form it must hear that again: a rule of its own for each, written apart
// from src/.
import { type CohereAnswer, streamAnswer } from '../support/cohere-answer.ts';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { json, type Step, sse } from '../support/upstream-script.ts';

export type NativeMessage = CohereAnswer['message'];

/** Takes a tool plan, no thinking. */
export const planning = 'command-a-03-2025';
/** Takes thinking, no tool plan. */
export const reasoning = 'command-a-reasoning-08-2025';
export const models = [planning, reasoning] as const;
export type Model = (typeof models)[number];

export function sayNative(message: NativeMessage, stream: boolean): Step[] {
  const answer: CohereAnswer = {
    id: '00000000-0000-4000-8000-000000000000',
    message,
    finish_reason: message.tool_calls ? 'TOOL_CALL' : 'COMPLETE',
    usage: { tokens: { input_tokens: 500, output_tokens: 9 } },
  };
  return stream ? sse(streamAnswer(answer)) : json(answer);
}

export function sayText(text: string): NativeMessage {
  return { role: 'assistant', content: [{ type: 'text', text }] };
}

/** A message of Cohere's, as this model must hear it: one that has text beside calls may become two. */
export function heardAs(native: NativeMessage, model: string): object[] {
  const { content = [], tool_plan = '', tool_calls, citations } = native;
  const thinks = model === reasoning;
  const texts = content.filter(block => block.type === 'text');
  const thinking = content.filter(block => block.type === 'thinking');
  if (!tool_calls) {
    // A citation names its block by number: none may be missing.
    const isWhole = thinks || thinking.length === 0;
    const blocks = thinks ? content : texts;
    return [{ role: 'assistant', content: plain(blocks), ...(citations && isWhole ? { citations } : {}) }];
  }
  const spoken = [tool_plan, ...texts.map(block => block.text)].filter(text => text !== '').join('\n\n');
  if (!thinks) return [{ role: 'assistant', ...(spoken === '' ? {} : { tool_plan: spoken }), tool_calls }];
  const calls = { role: 'assistant', ...(thinking.length > 0 ? { content: thinking } : {}), tool_calls };
  return spoken === '' ? [calls] : [{ role: 'assistant', content: spoken }, calls];
}

interface Heard {
  readonly role: string;
  readonly content?: unknown;
}

/** The assistant's messages in a prompt that reached Cohere. */
export function heardAnswers(request: UpstreamRequest | undefined): object[] {
  const { messages = [] } = (request?.json ?? {}) as { messages?: readonly Heard[] };
  return messages
    .filter(({ role }) => role === 'assistant')
    .map(message => ('content' in message ? { ...message, content: plain(message.content) } : message));
}

/** Cohere takes a text and a list of one text block for the same. */
function plain(content: unknown): unknown {
  const [block, ...others] = Array.isArray(content) ? content : [];
  return block?.type === 'text' && others.length === 0 ? block.text : content;
}
