// A tool result with its middle left out, so that beginning and end, which say most, stay.
import type { ToolMessage } from './message.ts';

export function resultText(message: ToolMessage): string {
  if (typeof message.content === 'string') return message.content;
  return message.content
    .map(part => {
      if (part.type === 'text') return part.text;
      if (part.type === 'image') return '';
      return typeof part.data === 'string' ? part.data : JSON.stringify(part.data);
    })
    .join('\n');
}

const inShortForms = new WeakMap<ToolMessage, Map<number, ToolMessage>>();

/** A result with its middle left out, and a remark in its place. The same object for the same length. */
export function inShort(message: ToolMessage, characters: number): ToolMessage {
  const forms = inShortForms.get(message) ?? new Map<number, ToolMessage>();
  inShortForms.set(message, forms);
  let form = forms.get(characters);
  if (!form) {
    const text = resultText(message);
    const head = withoutTornPair(text.slice(0, Math.ceil(characters / 2)));
    const tail = withoutTornPair(text.slice(text.length - Math.floor(characters / 2)));
    const gone = text.length - head.length - tail.length;
    const remark = `\n[… ${gone} characters left out …]\n`;
    form =
      gone > 0 ? { role: 'tool', toolCallId: message.toolCallId, content: head + remark + tail } : message;
    forms.set(characters, form);
  }
  return form;
}

/** A cut through a surrogate pair would leave half a character, which is no valid UTF-8. */
function withoutTornPair(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '');
}
