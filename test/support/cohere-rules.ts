// What Cohere refuses although its OpenAPI document allows it, as its error texts tell.

interface Body {
  readonly model?: string;
  readonly messages?: readonly Message[];
  readonly tools?: readonly {
    readonly function?: { readonly name?: string; readonly parameters?: { type?: unknown } };
  }[];
  readonly tool_choice?: string;
  readonly documents?: readonly (string | { readonly id?: string; readonly data?: unknown })[];
  readonly response_format?: { readonly type?: string };
  readonly max_tokens?: number;
  readonly stop_sequences?: readonly string[];
  readonly frequency_penalty?: number;
  readonly presence_penalty?: number;
  readonly thinking?: { readonly token_budget?: number };
}

interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content?: string | readonly { readonly type: string; readonly text?: string }[];
  readonly tool_calls?: readonly {
    readonly id: string;
    readonly function?: { name?: string; arguments?: string };
  }[];
  readonly tool_plan?: string;
  readonly tool_call_id?: string;
}

const toolName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const withoutToolPlan = new Set(['command-a-plus-05-2026', 'north-mini-code-1-0']);
const reasoningModels = new Set([...withoutToolPlan, 'command-a-reasoning-08-2025']);

/** For a body that fits the schema. */
export function brokenRules(value: unknown): string[] {
  const body = value as Body;
  return [...messageRules(body), ...toolRules(body), ...settingRules(body)];
}

function messageRules({ model = '', messages = [] }: Body): string[] {
  const broken: string[] = [];
  if (!messages.some(message => message.role !== 'system')) broken.push('no message beside system messages');
  const callIds = new Set<string>();
  let open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    const calls = message.tool_calls ?? [];
    if (calls.length === 0 && isEmpty(message))
      broken.push(`${at}: must have non-empty content or tool calls`);
    if (typeof message.content !== 'string') {
      for (const part of message.content ?? [])
        if (part.text === '') broken.push(`${at}: an empty text block`);
    }
    if (message.tool_plan !== undefined && withoutToolPlan.has(model)) {
      broken.push(`${at}: tool plan cannot be used with this model`);
    }
    if (calls.length > 0 && hasText(message)) broken.push(`${at}: text beside tool calls`);
    if (message.role === 'tool') {
      const id = message.tool_call_id ?? '';
      if (!callIds.has(id)) broken.push(`${at}: tool call id not found in previous tool calls`);
      else if (!open.delete(id))
        broken.push(`${at}: the call ${id} was answered already, or not directly after it`);
      continue;
    }
    if (open.size > 0) broken.push(`${at}: stands before the results of ${[...open].join(', ')}`);
    open = new Set();
    for (const call of calls) {
      if (callIds.has(call.id)) broken.push(`${at}: cannot have duplicate tool ids (${call.id})`);
      callIds.add(call.id);
      open.add(call.id);
      if (!toolName.test(call.function?.name ?? '')) broken.push(`${at}: tool name ${call.function?.name}`);
      if (!isObjectText(call.function?.arguments))
        broken.push(`${at}: tool arguments must be a stringified JSON object`);
    }
  }
  if (open.size > 0) broken.push(`no results of ${[...open].join(', ')}`);
  return broken;
}

function toolRules({ messages = [], tools = [], tool_choice }: Body): string[] {
  const broken: string[] = [];
  for (const { function: tool } of tools) {
    if (!toolName.test(tool?.name ?? ''))
      broken.push(`tool names can only contain certain characters (${tool?.name})`);
    if (tool?.parameters?.type !== 'object')
      broken.push(`the parameters of ${tool?.name} are no object schema`);
  }
  if (new Set(tools.map(tool => tool.function?.name)).size < tools.length)
    broken.push('two tools of one name');
  if (tool_choice !== undefined && tools.length === 0) broken.push('tool_choice without tools');
  // Reported to end in INVALID_TOOL_GENERATION, not in a clear refusal.
  if (tools.length === 0 && messages.some(message => message.tool_calls))
    broken.push('calls in the history without tools');
  return broken;
}

function settingRules(body: Body): string[] {
  const { model = '', documents, tools, response_format, max_tokens, stop_sequences = [], thinking } = body;
  const broken: string[] = [];
  if (response_format?.type === 'json_object' && (tools || documents)) {
    broken.push('response_format together with tools or documents');
  }
  if (max_tokens !== undefined && max_tokens < 1) broken.push('max_tokens below 1');
  if (stop_sequences.length > 5 || stop_sequences.includes(''))
    broken.push('stop_sequences: at most 5, none empty');
  for (const name of ['frequency_penalty', 'presence_penalty'] as const) {
    const penalty = body[name] ?? 0;
    if (penalty < 0 || penalty > 1) broken.push(`${name} outside of 0 to 1`);
  }
  if (thinking && !reasoningModels.has(model))
    broken.push('`thinking` parameter is not supported with the specified model');
  if (
    thinking?.token_budget !== undefined &&
    max_tokens !== undefined &&
    thinking.token_budget > max_tokens
  ) {
    broken.push('thinking.token_budget must be less than or equal to max_tokens');
  }
  for (const [index, document] of (documents ?? []).entries()) {
    const data = typeof document === 'string' ? document : document.data;
    if (data === '' || (typeof data === 'object' && data !== null && Object.keys(data).length === 0)) {
      broken.push(`document at index ${index} cannot be empty`);
    }
  }
  return broken;
}

function isEmpty({ content }: Message): boolean {
  return content === undefined || content.length === 0;
}

function hasText({ content }: Message): boolean {
  return typeof content === 'string' ? content !== '' : (content ?? []).some(part => part.type === 'text');
}

/** Cohere takes `null` too. */
function isObjectText(text = ''): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && !Array.isArray(value);
  } catch {
    return false;
  }
}
