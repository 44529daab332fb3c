// The tools on offer and how they may be asked for.
import type { ChatBody, Tool } from './chat-body.ts';
import { checkStrictParameters } from './check-schema.ts';
import { type Model, supports } from './models.ts';
import { badRequest, invalidToolGeneration, Refusal } from './refusal.ts';

const toolName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const maxStrictProperties = 200;

export function checkTools(body: ChatBody, model: Model): void {
  const tools = body.tools;
  if (!tools) {
    if (body.toolChoice) throw badRequest('invalid request: tool_choice cannot be specified without tools.');
    if (body.strictTools)
      throw badRequest('invalid request: strict_tools cannot be specified without tools.');
    return;
  }
  if (tools.length === 0) throw badRequest('invalid request: list of tools must not be empty');
  if (!supports(model, 'tools')) throw toolUseNotSupported();
  const names = new Set<string>();
  for (const tool of tools) {
    checkToolName(tool.name);
    if (names.has(tool.name)) throw badRequest(`invalid request: duplicate tool name '${tool.name}'`);
    names.add(tool.name);
  }
  if (body.toolChoice && !supports(model, 'tool_choice')) {
    throw badRequest('tool_choice is not supported for this model');
  }
  // Reported: no clear error, the model just cannot write calls that fit.
  if (tools.some(tool => tool.parameters.type !== 'object')) throw invalidToolGeneration();
  if (body.strictTools) checkStrictTools(tools, model);
}

export function checkToolName(name: string): void {
  if (toolName.test(name)) return;
  throw badRequest(
    "tool names can only contain certain characters (A-Za-z0-9_) and can't begin with a digit " +
      `(provided name: '${name}').`,
  );
}

function checkStrictTools(tools: readonly Tool[], model: Model): void {
  if (!supports(model, 'strict_tools')) {
    throw badRequest('invalid request: strict_tools is not supported with the specified model.');
  }
  let properties = 0;
  for (const [index, tool] of tools.entries()) {
    const count = checkStrictParameters(tool.parameters);
    properties += count ?? 0;
    if (count === undefined || properties > maxStrictProperties) {
      throw badRequest(
        `invalid function at tools[${index}].function: extra restrictions to tool parameters apply when strict_tools=true`,
      );
    }
  }
}

function toolUseNotSupported(): Refusal {
  return new Refusal(400, 'tool use is not supported with the specified model', {
    errorType: 'TOOL_USE_NOT_SUPPORTED',
  });
}
