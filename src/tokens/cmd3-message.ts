// One message in the layouts cmd3 and cmd4, which differ only in what stands around plain text. Call ids are
// numbered through the conversation; here each is written as `0`, and the other digits are added by its place.
import type { CohereDocumentBlock, CohereMessage, CohereTextBlock, CohereToolCall } from '../cohere/wire.ts';
import { cmd3, cmd4, perCitation } from './figures.ts';
import { noParts, type Parts } from './parts.ts';
import { renderJson, respaceJson } from './render-json.ts';

export function cmd3Message(message: CohereMessage, layout: 'cmd3' | 'cmd4'): Parts {
  // cmd4 puts every text between start and end of text; cmd3 only the assistant's, as its response.
  const aroundText = layout === 'cmd4' ? cmd4.pair : 0;
  switch (message.role) {
    case 'system':
      return turn([joinedText(message.content)], aroundText);
    case 'user':
      return userTurn(message.content, aroundText);
    case 'assistant':
      return assistantTurn(message);
    case 'tool':
      return { fixed: 0, texts: [resultText(message.content)] };
    default:
      return message satisfies never;
  }
}

function turn(texts: readonly string[], around: number): Parts {
  const said = texts.filter(text => text !== '');
  // A turn with nothing in it is left out by the template.
  return said.length === 0 ? noParts : { fixed: cmd3.turn + around * said.length, texts: said };
}

type UserContent = Extract<CohereMessage, { role: 'user' }>['content'];

function userTurn(content: UserContent, around: number): Parts {
  if (typeof content === 'string') return turn([content], around);
  // Texts that follow each other are lines of one text; a picture is a border.
  const texts: string[] = [];
  let pictures = 0;
  let continues = false;
  for (const block of content) {
    if (block.type === 'image_url') {
      pictures += 1;
      continues = false;
    } else {
      texts.push(continues ? `${texts.pop()}\n${block.text}` : block.text);
      continues = true;
    }
  }
  const said = turn(texts, around);
  if (pictures === 0) return said;
  return { fixed: (said.fixed || cmd3.turn) + pictures * cmd3.image, texts: said.texts };
}

function assistantTurn(message: Extract<CohereMessage, { role: 'assistant' }>): Parts {
  const blocks = typeof message.content === 'string' ? [textBlock(message.content)] : (message.content ?? []);
  const thoughts: string[] = message.tool_plan ? [message.tool_plan] : [];
  const texts: string[] = [];
  for (const block of blocks) {
    if (block.type === 'thinking') thoughts.push(block.thinking);
    else texts.push(block.text);
  }
  const calls = message.tool_calls ?? [];
  // Whatever comes with calls is read as the thought that led to them.
  if (calls.length > 0) for (const text of texts.splice(0)) thoughts.push(text);
  const pieces = [thoughts.join('\n'), texts.join('\n'), calls.length > 0 ? actionText(calls) : ''];
  const cited = (message.citations?.length ?? 0) * perCitation;
  const said = turn(pieces, cmd3.pair);
  return { fixed: said.fixed + (said.texts.length > 0 ? cited : 0), texts: said.texts };
}

function actionText(calls: readonly CohereToolCall[]): string {
  const items = calls.map(({ function: { name, arguments: json } }) => {
    const parameters = json.trim() === '' ? '{}' : respaceJson(json);
    return `\n    {"tool_call_id": "0", "tool_name": ${JSON.stringify(name)}, "parameters": ${parameters}}`;
  });
  return `[${items.join(',')}\n]`;
}

/** One item of the list of results; a comma after it costs nothing. */
function resultText(content: Extract<CohereMessage, { role: 'tool' }>['content']): string {
  const results = toolResults(content).map(
    (result, index) => `\n            "${index}": ${renderJson(result)}`,
  );
  return `\n    {\n        "tool_call_id": "0",\n        "results": {${results.join(',')}\n        },\n        "is_error": null\n    }`;
}

/** A text is shown as an object with one field, a document as it is; ids of documents are not shown. */
export function toolResults(
  content: Extract<CohereMessage, { role: 'tool' }>['content'],
): readonly Readonly<Record<string, unknown>>[] {
  if (typeof content === 'string') return [{ content }];
  return content.map(block => (block.type === 'text' ? { content: block.text } : documentData(block)));
}

function documentData({ document }: CohereDocumentBlock): Readonly<Record<string, unknown>> {
  return typeof document.data === 'string' ? { content: document.data } : document.data;
}

export function joinedText(content: string | readonly CohereTextBlock[]): string {
  return typeof content === 'string' ? content : content.map(block => block.text).join('\n');
}

function textBlock(text: string): CohereTextBlock {
  return { type: 'text', text };
}
