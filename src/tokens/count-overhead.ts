// What a prompt costs before anything is said: the hidden preamble, tools, documents, JSON mode, and the opening of
// the assistant's turn. Depends on the request's options alone, and on two facts of its history.
import type { CohereChatOptions, CohereTool } from '../cohere/wire.ts';
import { documentText } from './command-r-message.ts';
import type { Cmd3Family, CommandRFamily, Family } from './families.ts';
import { cmd3, cmd4, commandR } from './figures.ts';
import { type Count, countParts, joinParts, moreDigits, type Parts } from './parts.ts';
import { pythonSignature } from './python-signature.ts';
import { renderJson } from './render-json.ts';

/** The options that leave a trace in the prompt. */
export type PromptOptions = Pick<
  CohereChatOptions,
  'tools' | 'tool_choice' | 'documents' | 'citation_options' | 'response_format' | 'safety_mode' | 'thinking'
>;

export interface HistoryFacts {
  /** The first message is a system message. */
  readonly developerText: boolean;
  /** An assistant's message holds calls. */
  readonly calls: boolean;
}

export function countOverhead(
  options: PromptOptions,
  family: Family,
  history: HistoryFacts,
  count: Count,
): number {
  const tokens = countParts(overheadParts(options, family, history), count);
  return tokens + family.margin.constant + Math.ceil(tokens * family.margin.share);
}

/** What is written of the options themselves: the same for every history, and large where they are. */
export function overheadTexts(options: PromptOptions, family: Family): readonly string[] {
  const { tools, documents, schema } = renderedOf(options, family);
  return [...tools, ...documents, ...schema];
}

interface Rendered {
  readonly tools: readonly string[];
  readonly documents: readonly string[];
  readonly schema: readonly string[];
}

const nothing: Rendered = { tools: [], documents: [], schema: [] };

/** Written once for the same object. */
const rendered = new WeakMap<PromptOptions, Map<string, Rendered>>();

function renderedOf(options: PromptOptions, family: Family): Rendered {
  const { tools, documents, response_format } = options;
  if (!tools && !documents && !response_format) return nothing;
  const known = rendered.get(options) ?? new Map<string, Rendered>();
  rendered.set(options, known);
  const isOlder = family.layout === 'command-r';
  const responses = family.layout === 'cmd4' || (family.layout === 'cmd3' && family.toolResponses);
  const name = `${isOlder} ${responses}`;
  const written = known.get(name) ?? render(options, isOlder, responses);
  known.set(name, written);
  return written;
}

function render(options: PromptOptions, isOlder: boolean, responses: boolean): Rendered {
  const { tools = [] } = options;
  const documents = documentsOf(options);
  if (isOlder)
    return { tools: tools.map(pythonSignature), documents: documents.map(documentText), schema: [] };
  const schema = options.response_format?.type === 'json_object' && options.response_format.json_schema;
  return {
    tools: toolLines(tools, responses),
    documents: documentLines(documents),
    schema: schema ? [`\n${renderJson(schema)}`] : [],
  };
}

function overheadParts(options: PromptOptions, family: Family, history: HistoryFacts): Parts {
  switch (family.layout) {
    case 'cmd3':
      return cmd3Overhead(options, family, history);
    case 'cmd4':
      return cmd4Overhead(options, family);
    case 'command-r':
      return commandROverhead(options, family, history);
    default:
      return family satisfies never;
  }
}

function cmd3Overhead(options: PromptOptions, family: Cmd3Family, history: HistoryFacts): Parts {
  const { tools = [], tool_choice, safety_mode, documents = [] } = options;
  const written = renderedOf(options, family);
  const thinks = family.thinks && options.thinking?.type !== 'disabled';
  let fixed = cmd3.opening + (thinks ? cmd3.reasoningPreamble : cmd3.preamble);
  const hasList = tools.length + documents.length > 0;
  if (hasList || thinks) fixed += cmd3ToolSection(options, family) + (hasList ? 0 : cmd3.emptyToolList);
  else fixed += safetyText(safety_mode);
  if (tools.length > 0 && tool_choice === 'REQUIRED') fixed += cmd3.toolChoiceRequired;
  if (tools.length > 0 && tool_choice === 'NONE') fixed += cmd3.toolChoiceNone;
  const json = jsonParts(options, written, {
    mode: history.developerText ? cmd3.jsonModeWithDeveloperText : cmd3.jsonMode,
    schemaHeading: cmd3.schemaHeading,
  });
  const thought = family.thinks && !thinks ? cmd3.documentCallUnthought : cmd3.documentCall;
  return joinParts(
    { fixed, texts: written.tools },
    documentParts(written, cmd3.documentTool + thought + cmd3.resultFrame),
    json,
  );
}

function cmd3ToolSection(options: PromptOptions, family: Cmd3Family): number {
  const cited = !citationsOff(options);
  if (!family.thinks) return cited ? cmd3.toolSection : cmd3.toolSectionUncited;
  if (options.thinking?.type === 'disabled')
    return cited ? cmd3.skippedThinkingToolSection : cmd3.skippedThinkingToolSectionUncited;
  return cited ? cmd3.reasoningToolSection : cmd3.reasoningToolSectionUncited;
}

/** Has no effect beside tools and documents, says Cohere. */
function safetyText(mode: string | undefined): number {
  const name = mode?.toUpperCase();
  if (name === 'STRICT') return cmd3.strictSafety;
  return name === 'OFF' || name === 'NONE' ? cmd3.noSafety : 0;
}

function cmd4Overhead(options: PromptOptions, family: Family): Parts {
  const { tools = [], tool_choice, thinking, documents = [] } = options;
  const written = renderedOf(options, family);
  const hasList = tools.length + documents.length > 0;
  let fixed: number = cmd4.opening + cmd4.preamble;
  fixed += thinking?.type === 'disabled' ? cmd4.openingUnthinking : cmd4.openingThinking;
  if (!hasList) fixed += cmd4.emptyToolList;
  else if (!citationsOff(options)) fixed += cmd4.grounding;
  if (tools.length > 0 && tool_choice === 'REQUIRED') fixed += cmd4.toolChoiceRequired;
  if (tools.length > 0 && tool_choice === 'NONE') fixed += cmd4.toolChoiceNone;
  return joinParts(
    { fixed, texts: written.tools },
    documentParts(written, cmd4.documentTool + cmd4.documentCall + cmd3.resultFrame),
    jsonParts(options, written, { mode: cmd4.jsonMode, schemaHeading: cmd4.schemaHeading }),
  );
}

function commandROverhead(options: PromptOptions, family: CommandRFamily, history: HistoryFacts): Parts {
  const { tools = [], documents = [] } = options;
  const written = renderedOf(options, family);
  const json: Parts = {
    fixed: options.response_format?.type === 'json_object' ? commandR.jsonMode : 0,
    texts: [],
  };
  const task = history.developerText ? 0 : commandR.taskPreamble;
  const sectioned = tools.length > 0 || history.calls;
  let fixed: number = commandR.opening;
  if (sectioned) {
    fixed += commandR.toolSection + task;
    fixed += tools.length > 0 ? (tools.length - 1) * commandR.betweenTools : commandR.emptyToolList;
  } else if (documents.length > 0) fixed += commandR.documentSection + task;
  else fixed += commandR.frame + (history.developerText && family.preambleGivesWay ? 0 : family.preamble);
  if (documents.length > 0) {
    const between = (documents.length - 1) * commandR.betweenResults;
    fixed += commandR.resultFrame + documents.length * commandR.perResult + between;
    fixed += moreDigits(0, documents.length);
  }
  return joinParts({ fixed, texts: [...written.tools, ...written.documents] }, json);
}

function toolLines(tools: readonly CohereTool[], responses: boolean): string[] {
  return tools.map(({ function: { name, description, parameters } }, index) => {
    const item = [
      `"name": ${JSON.stringify(name)}`,
      `"description": ${JSON.stringify(description ?? '')}`,
      `"parameters": ${renderJson(parameters ?? {})}`,
      ...(responses ? ['"responses": null'] : []),
    ].join(', ');
    return `\n    {${item}}${index < tools.length - 1 ? ',' : ''}`;
  });
}

/** @param fixed the tool that stands for them, its call, and the frame of its result */
function documentParts({ documents }: Rendered, fixed: number): Parts {
  return documents.length === 0 ? { fixed: 0, texts: [] } : { fixed, texts: documents };
}

/** All in one result. */
function documentLines(documents: readonly Readonly<Record<string, unknown>>[]): string[] {
  if (documents.length === 0) return [];
  const lines = documents.map((document, index) => `\n            "${index}": ${renderJson(document)}`);
  return [
    `\n    {\n        "tool_call_id": "0",\n        "results": {${lines.join(',')}\n        },\n        "is_error": null\n    }`,
  ];
}

/** What is shown of each document: its data, without the id. */
function documentsOf({ documents = [] }: PromptOptions): readonly Readonly<Record<string, unknown>>[] {
  return documents.map(document => {
    if (typeof document === 'string') return { content: document };
    const data: unknown =
      typeof document === 'object' && document !== null && 'data' in document ? document.data : document;
    return typeof data === 'object' && data !== null && !Array.isArray(data)
      ? { ...data }
      : { content: data };
  });
}

function jsonParts(
  { response_format }: PromptOptions,
  { schema }: Rendered,
  figures: { readonly mode: number; readonly schemaHeading: number },
): Parts {
  if (response_format?.type !== 'json_object') return { fixed: 0, texts: [] };
  return { fixed: figures.mode + (schema.length > 0 ? figures.schemaHeading : 0), texts: schema };
}

function citationsOff({ citation_options }: PromptOptions): boolean {
  const mode = citation_options?.mode;
  return typeof mode === 'string' && /^(off|disabled|none)$/i.test(mode);
}
