// What was said, for a reader: the user's own words without what coding agents wrap around them, and the tool results
// that still wait for an answer.
import type { Message, ToolMessage } from './chat-body.ts';
import { readable, takeApart } from './excerpt.ts';
import type { JsonObject } from './json.ts';

export interface ToolResult {
  readonly callId: string;
  readonly tool: string;
  /** Position in the content list of the tool message; Cohere's source ids end with it. */
  readonly index: number;
  readonly output: JsonObject;
}

export interface Conversation {
  readonly userTexts: readonly string[];
  /** Of the last round of calls; empty once the user has spoken or the model has answered. */
  readonly results: readonly ToolResult[];
}

export function readConversation(messages: readonly Message[]): Conversation {
  const userTexts: string[] = [];
  const toolNames = new Map<string, string>();
  let results: ToolResult[] = [];
  const hear = (text: string): void => {
    userTexts.push(readable(text));
    results = [];
  };
  for (const message of messages) {
    if (message.role === 'user') {
      const text = ownWords(textsOf(message).join('\n'));
      if (text !== '') hear(text);
    } else if (message.role === 'assistant') {
      results = [];
      for (const call of message.toolCalls) toolNames.set(call.id, call.name);
    } else if (message.role === 'tool') {
      // Roo Code hands over the user's next message as the result of `attempt_completion`.
      const said = quotedWords(textsOf(message).join('\n'));
      if (said !== undefined) hear(said);
      else for (const result of readResults(message, toolNames)) results.push(result);
    }
  }
  return { userTexts: remembered(userTexts), results };
}

/** Characters of all that is remembered: the first words and the last ones. */
const longestMemory = 400_000;

function remembered(texts: readonly string[]): readonly string[] {
  const kept = (from: readonly string[]) => {
    let left = longestMemory / 2;
    return from.findIndex(text => {
      left -= text.length + 10;
      return left < 0;
    });
  };
  const first = kept(texts);
  if (first === -1) return texts;
  const last = kept(texts.toReversed());
  return [...texts.slice(0, first), ...texts.slice(Math.max(first, texts.length - last))];
}

function readResults(message: ToolMessage, toolNames: ReadonlyMap<string, string>): readonly ToolResult[] {
  const callId = message.toolCallId ?? '';
  return message.content.map((block, index) => ({
    callId,
    tool: toolNames.get(callId) ?? callId,
    index,
    // Recorded: a plain string becomes `{"content": …}`.
    output: block.type === 'text' ? { content: block.text } : block.document.data,
  }));
}

function textsOf(message: Message): readonly string[] {
  return message.content.flatMap(block => {
    if (block.type === 'text') return [block.text];
    if (block.type !== 'document') return [];
    return Object.values(block.document.data).filter(value => typeof value === 'string');
  });
}

function ownWords(text: string): string {
  return (
    quotedWords(text) ?? takeApart(text, '<environment_details>', '</environment_details>').outside.trim()
  );
}

function quotedWords(text: string): string | undefined {
  const words = takeApart(text, '<user_message>', '</user_message>').inside.join('\n').trim();
  return words === '' ? undefined : words;
}
