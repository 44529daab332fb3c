// What was said, for a reader: the user's own words without what coding agents wrap around them, and the tool results
// that still wait for an answer.
import type { Message, ToolMessage } from './chat-body.ts';
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
    userTexts.push(text);
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
      else results.push(...readResults(message, toolNames));
    }
  }
  return { userTexts, results };
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
    quotedWords(text) ??
    text.replace(/<environment_details>[\s\S]*?(?:<\/environment_details>|$)/g, '').trim()
  );
}

function quotedWords(text: string): string | undefined {
  const quoted = [...text.matchAll(/<user_message>([\s\S]*?)<\/user_message>/g)].map(match => match[1] ?? '');
  const words = quoted.join('\n').trim();
  return words === '' ? undefined : words;
}
