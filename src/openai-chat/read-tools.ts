// `tools`, `tool_choice` and their legacy forms → ours. Tools come with every request: one that has no counterpart is
// left out, and one in another API's form is read all the same.
import { AdjustmentNotes, type Adjustments } from '../conversation/adjustments.ts';
import type { Tool, ToolChoice } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { mendSchema } from './mend-schema.ts';
import type { Fields } from './read-part.ts';
import { type ChatBody, toolFunction } from './wire.ts';

export interface ReadTools extends Adjustments {
  /** Undefined where the request offers none. */
  readonly tools: readonly Tool[] | undefined;
  readonly toolChoice: ToolChoice | undefined;
  readonly allowedTools: readonly string[] | undefined;
  /** Every tool asks for it; Cohere knows it only for all of them together. */
  readonly strictTools: boolean;
}

/** @throws ProxyError 400 for a function that cannot be read */
export function readTools(fields: ChatBody): ReadTools {
  const notes = new AdjustmentNotes();
  const listed = fields.tools ?? fields.functions ?? [];
  const name = fields.tools ? 'tools' : 'functions';
  const tools = new Map<string, Tool>();
  let strict = 0;
  for (const [index, item] of listed.entries()) {
    const path = `${name}[${index}]`;
    const read = readTool(item, path, notes);
    // Cohere refuses a name that stands twice; some clients ask two servers for their tools.
    if (!read || tools.has(read.tool.name)) notes.dropped.push(path);
    else {
      tools.set(read.tool.name, read.tool);
      if (read.isStrict) strict += 1;
    }
  }
  const strictTools = strict > 0 && strict === tools.size;
  if (strict > 0 && !strictTools) notes.dropped.push('tools.function.strict');
  // The legacy forms give way to the newer ones.
  if (fields.tools && fields.functions) notes.dropped.push('functions');
  if (fields.tool_choice && fields.function_call) notes.dropped.push('function_call');
  const choice = readChoice(fields, tools.size < listed.length && tools.size === 0, notes);
  const { dropped, clamped, rewritten } = notes;
  return {
    tools: tools.size > 0 ? [...tools.values()] : undefined,
    ...choice,
    strictTools,
    ...{ dropped, clamped, rewritten },
  };
}

/** Undefined for what is no function. */
function readTool(
  item: unknown,
  path: string,
  notes: AdjustmentNotes,
): { readonly tool: Tool; readonly isStrict: boolean } | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw notAnObject(path);
  const fields = item as Fields;
  if (fields.type !== undefined && fields.type !== null && fields.type !== 'function') return undefined;
  const isLegacy = path.startsWith('functions');
  const isFlat = isLegacy || (fields.function === undefined && fields.name !== undefined);
  const isPlain = isLegacy || (fields.type === 'function' && !isFlat);
  const place = isFlat ? '' : '.function';
  const called = isFlat ? fields : fields.function;
  if (typeof called !== 'object' || called === null) throw notAnObject(`${path}${place}`);
  const { parameters: named, input_schema, inputSchema } = called as Fields;
  const given = named ?? input_schema ?? inputSchema;
  const parameters = mendSchema(given);
  const parsed = toolFunction.safeParse({ ...called, parameters });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const param = [`${path}${place}`, ...(issue?.path ?? [])].join('.');
    const code = issue?.code === 'invalid_type' ? 'invalid_type' : 'invalid_value';
    throw new ProxyError(code, `Invalid '${param}': ${issue?.message ?? 'not understood'}.`, { param });
  }
  if (!isPlain) notes.rewritten.push(path);
  else if (parameters !== given) notes.rewritten.push(`${path}${place}.parameters`);
  const { name, description, strict } = parsed.data;
  const tool = {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    ...(parsed.data.parameters ? { parameters: parsed.data.parameters } : {}),
  };
  return { tool, isStrict: strict === true && !isLegacy };
}

function notAnObject(path: string): ProxyError {
  return new ProxyError('invalid_type', `Invalid type for '${path}': expected an object.`, { param: path });
}

interface ReadChoice {
  readonly toolChoice: ToolChoice | undefined;
  readonly allowedTools: readonly string[] | undefined;
}

const noChoice: ReadChoice = { toolChoice: undefined, allowedTools: undefined };

/** @param isNoneLeft all tools of the request were left out */
function readChoice(
  { tool_choice: choice, function_call: legacy }: ChatBody,
  isNoneLeft: boolean,
  notes: AdjustmentNotes,
): ReadChoice {
  const wanted =
    choice ??
    (typeof legacy === 'object' && legacy ? { type: 'function' as const, function: legacy } : legacy);
  const leaveOut = (): ReadChoice => {
    notes.dropped.push('tool_choice');
    return noChoice;
  };
  if (!wanted) return noChoice;
  if (typeof wanted === 'string') {
    const toolChoice = wanted === 'any' ? 'required' : wanted;
    if (toolChoice !== wanted) notes.rewritten.push('tool_choice');
    return toolChoice === 'required' && isNoneLeft ? leaveOut() : { toolChoice, allowedTools: undefined };
  }
  // Cohere can name no tool: only those are offered, and a call is required.
  if ('allowed_tools' in wanted) {
    const { mode, tools } = wanted.allowed_tools;
    const names = tools.flatMap(tool => nameOf(tool) ?? []);
    return names.length === 0 ? leaveOut() : { toolChoice: mode, allowedTools: names };
  }
  const name = nameOf(wanted);
  return name === undefined ? leaveOut() : { toolChoice: 'required', allowedTools: [name] };
}

/** Undefined for what is no function. */
function nameOf(tool: {
  readonly type: string;
  readonly function?: { readonly name: string } | null | undefined;
  readonly name?: string | null | undefined;
}): string | undefined {
  if (tool.type !== 'function' && tool.type !== 'tool') return undefined;
  return tool.function?.name ?? tool.name ?? undefined;
}
