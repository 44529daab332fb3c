// The reasoning of an assistant message: its text, under whichever key the client keeps it, and our own sealed entry
// among OpenRouter's `reasoning_details`. Whatever shape they have, they are no error: other servers wrote them too.
import { carriedPrefix } from '../conversation/message.ts';

export interface ReadReasoning {
  readonly text: string;
  readonly carried: string | undefined;
}

export function readReasoning(message: Readonly<Record<string, unknown>>): ReadReasoning {
  const plain = message.reasoning_content ?? message.reasoning;
  const details: readonly unknown[] = Array.isArray(message.reasoning_details)
    ? message.reasoning_details
    : [];
  let detailed = '';
  let carried: string | undefined;
  for (const detail of details) {
    if (typeof detail !== 'object' || detail === null) continue;
    const { type, text, summary, data } = detail as Readonly<Record<string, unknown>>;
    if (type === 'reasoning.text' && typeof text === 'string') detailed += text;
    else if (type === 'reasoning.summary' && typeof summary === 'string') detailed += summary;
    else if (type === 'reasoning.encrypted' && typeof data === 'string' && data.startsWith(carriedPrefix))
      carried = data;
  }
  return { text: typeof plain === 'string' && plain !== '' ? plain : detailed, carried };
}
