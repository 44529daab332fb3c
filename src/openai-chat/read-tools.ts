// `tools`, `tool_choice` and their legacy forms → ours.
import type { Tool, ToolChoice } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import type { ChatBody } from './wire.ts';

export interface ReadTools {
  /** Undefined where the request offers none. */
  readonly tools: readonly Tool[] | undefined;
  readonly toolChoice: ToolChoice | undefined;
  readonly allowedTools: readonly string[] | undefined;
  /** Every tool asks for it; Cohere knows it only for all of them together. */
  readonly strictTools: boolean;
  readonly dropped: readonly string[];
}

export function readTools(fields: ChatBody): ReadTools {
  const functions = fields.tools?.map(tool => tool.function) ?? fields.functions ?? [];
  const names = new Set<string>();
  const tools = functions.map(({ name, description, parameters }, index): Tool => {
    if (names.has(name)) {
      throw new ProxyError('invalid_value', `Invalid 'tools': the name '${name}' stands twice.`, {
        param: `tools[${index}].function.name`,
      });
    }
    names.add(name);
    return {
      name,
      ...(typeof description === 'string' ? { description } : {}),
      ...(parameters ? { parameters } : {}),
    };
  });
  const strict = (fields.tools ?? []).filter(tool => tool.function.strict === true).length;
  const strictTools = strict > 0 && strict === tools.length;
  return {
    tools: tools.length > 0 ? tools : undefined,
    ...readChoice(fields),
    strictTools,
    dropped: [
      ...(strict > 0 && !strictTools ? ['tools.function.strict'] : []),
      // The legacy forms give way to the newer ones.
      ...(fields.tools && fields.functions ? ['functions'] : []),
      ...(fields.tool_choice && fields.function_call ? ['function_call'] : []),
    ],
  };
}

function readChoice({ tool_choice: choice, function_call: legacy }: ChatBody) {
  const wanted =
    choice ??
    (typeof legacy === 'object' && legacy ? { type: 'function' as const, function: legacy } : legacy);
  if (!wanted) return { toolChoice: undefined, allowedTools: undefined };
  if (typeof wanted === 'string') return { toolChoice: wanted, allowedTools: undefined };
  // Cohere can name no tool: only that one is offered, and a call is required.
  if (wanted.type === 'function')
    return { toolChoice: 'required' as const, allowedTools: [wanted.function.name] };
  const { mode, tools } = wanted.allowed_tools;
  return { toolChoice: mode, allowedTools: tools.map(tool => tool.function.name) };
}
