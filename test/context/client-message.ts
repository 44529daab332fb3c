// A message as clients send it, and as Cohere is sent it: as much of either as these tests look at.

interface Part {
  readonly type: string;
  readonly text?: string;
}

export interface ClientMessage {
  readonly role: string;
  readonly content?: string | readonly Part[] | null;
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly type: 'function';
    readonly function: { readonly name: string; readonly arguments: string };
  }[];
  readonly tool_call_id?: string;
  /** Only Cohere's: there a text that stands beside calls. */
  readonly tool_plan?: string;
}

export function textOf({ content, tool_plan = '' }: ClientMessage): string {
  if (typeof content === 'string') return tool_plan + content;
  return tool_plan + (content ?? []).map(({ text = '' }) => text).join('\n');
}

export function callIdsOf({ tool_calls = [] }: ClientMessage): string[] {
  return tool_calls.map(({ id }) => id);
}

/** What a person said; agents send messages that tell of nothing but the editor, and words as results of a tool. */
export function isSaidByUser(message: ClientMessage): boolean {
  const text = textOf(message);
  if (message.role === 'tool') return text.startsWith('<user_message>');
  return (
    message.role === 'user' &&
    !/^\s*<environment_details>(?:(?!<\/environment_details>)[\s\S])*<\/environment_details>\s*$/.test(text)
  );
}
