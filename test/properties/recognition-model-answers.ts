// What the scripted Cohere says: texts, thoughts, plans and calls, in all the spellings that a client may lose.
import { type Model, type NativeMessage, reasoning } from '../clients/native-answer.ts';
import type { WireMessage } from '../clients/transcript-client.ts';
import type { Answer } from './recognition-model-said.ts';
import type { Pick } from './transcript-losses.ts';

type Blocks = NonNullable<NativeMessage['content']>;

/** @param word new words each time, or always the same: then other clients hear the same answers. */
export function sayAnswer(pick: Pick, word: () => string, model: Model, hasTools: boolean): NativeMessage {
  const thinks = model === reasoning;
  const kind = hasTools ? pick('text', 'calls', 'calls', 'both') : pick('text', 'text', 'blocks');
  const thought: Blocks =
    thinks && pick(true, true, false) ? [{ type: 'thinking', thinking: `I think ${word()}.` }] : [];
  const text = pick(
    `It is ${word()}.`,
    `  ${word()}\nand é 😀 `,
    `${word()} [1]`,
    `<think>Not ${word()}.</think>\n${word()}`,
    `${word()}\n\n[Response interrupted by ${word()}]`,
    `[${word()}] \ud83d <think>`,
  );
  const texts: Blocks = [{ type: 'text', text }];
  if (kind === 'text') {
    const start = text.indexOf('t') + 1;
    const cited = { start, end: start + 1, text: text.slice(start, start + 1), sources: [source(word())] };
    const citations = [{ ...cited, type: 'TEXT_CONTENT', content_index: thought.length }];
    return {
      role: 'assistant',
      content: [...thought, ...texts],
      ...(pick(false, true) ? { citations } : {}),
    };
  }
  if (kind === 'blocks')
    return { role: 'assistant', content: [...thought, ...texts, { type: 'text', text: `And ${word()}.` }] };
  const blocks = kind === 'both' ? [...thought, ...texts] : thought;
  return {
    role: 'assistant',
    ...(blocks.length > 0 ? { content: blocks } : {}),
    ...(!thinks && pick(true, true, false) ? { tool_plan: `I plan ${word()}.` } : {}),
    tool_calls: [call(pick, word), ...(pick(false, true) ? [call(pick, word)] : [])],
  };
}

function source(id: string) {
  return { type: 'document', id, document: { id, text: id } };
}

function call(pick: Pick, word: () => string) {
  const path = JSON.stringify(`${word()}.txt`);
  const text = pick(
    `{"path": ${path}}`,
    `{\n    "path": ${path},\n    "mode": null\n}`,
    `{"unasked" : 1.0, "path" :${path}, "deep":{"a" :[ null,"\\u00e9"],"b":null}}`,
    '{}',
  );
  // The last one is no id that clients take, and comes again and again.
  const id = pick(`read_${word()}`, `read_${word()}`, 'functions.read:0');
  return { id, type: 'function' as const, function: { name: pick('read', 'write'), arguments: text } };
}

/** What of it a client is shown, the ids of calls apart. */
export function shownOf({ content = [], tool_plan = '', tool_calls = [] }: NativeMessage) {
  let text = '';
  let thoughts = '';
  for (const block of content) {
    if (block.type === 'text') text += block.text;
    else thoughts += block.thinking;
  }
  return { text, reasoning: thoughts + tool_plan, calls: tool_calls.map(({ function: called }) => called) };
}

/** A native message as it came to the client: calls may have got other ids. */
export function answerOf(native: NativeMessage, { tool_calls: calls = [] }: WireMessage): Answer {
  const { text, reasoning: thoughts } = shownOf(native);
  return { role: 'assistant', text, reasoning: thoughts, calls, native };
}
