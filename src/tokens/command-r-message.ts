// One message in the layout of the command-r generation: plain text turns, calls as a fenced JSON list, results as
// numbered documents of `key: value` lines. Text is stripped at both ends (documented layout).
import type { CohereMessage, CohereToolCall } from '../cohere/wire.ts';
import { parseWritten } from '../conversation/written-json.ts';
import { joinedText, toolResults } from './cmd3-message.ts';
import { commandR, perCitation } from './figures.ts';
import { noParts, type Parts } from './parts.ts';

export function commandRMessage(message: CohereMessage): Parts {
  switch (message.role) {
    case 'system':
      return turn(joinedText(message.content));
    case 'user': {
      const { content } = message;
      if (typeof content === 'string') return turn(content);
      return turn(content.map(block => (block.type === 'text' ? block.text : '')).join('\n'));
    }
    case 'assistant':
      return assistantTurn(message);
    case 'tool': {
      const documents = toolResults(message.content).map(documentText);
      // The frame brings the line break before the first.
      const fixed = documents.length * commandR.perResult + (documents.length - 1) * commandR.betweenResults;
      return { fixed: Math.max(0, fixed), texts: documents };
    }
    default:
      return message satisfies never;
  }
}

/** A document or result; its number is written as one digit, the others are added by its place. */
export function documentText(data: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(data).map(
    ([key, value]) => `\n${key}: ${typeof value === 'string' ? value : (JSON.stringify(value) ?? '')}`,
  );
  return `Document: 0${lines.join('')}`;
}

function turn(text: string): Parts {
  const said = text.trim();
  return said === '' ? noParts : { fixed: commandR.turn, texts: [said] };
}

function assistantTurn(message: Extract<CohereMessage, { role: 'assistant' }>): Parts {
  const { content, tool_plan, tool_calls = [], citations = [] } = message;
  const blocks = typeof content === 'string' ? [content] : (content ?? []).map(blockText);
  const text = blocks.join('\n').trim();
  if (tool_calls.length === 0) {
    const said = turn(text);
    return said === noParts ? noParts : { ...said, fixed: said.fixed + citations.length * perCitation };
  }
  const plan = [tool_plan ?? '', text].filter(part => part !== '').join('\n');
  // `Plan:` at first and `Reflection:` later are a token each.
  const action = `Action: \`\`\`json\n${JSON.stringify(tool_calls.map(readCall), null, 4)}\n\`\`\``;
  return turn(plan === '' ? action : `Plan: ${plan}\n${action}`);
}

function blockText(block: { readonly text: string } | { readonly thinking: string }): string {
  return 'text' in block ? block.text : block.thinking;
}

function readCall({ function: { name, arguments: json } }: CohereToolCall) {
  return { tool_name: name, parameters: readArguments(json) };
}

function readArguments(json: string): unknown {
  try {
    // What is too large is counted as it is written: nearly the same, and no model takes it.
    return parseWritten(json) ?? json;
  } catch {
    return json.trim() === '' ? {} : json;
  }
}
