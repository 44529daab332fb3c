// A recorded request to Cohere → the request that a client of OpenAI's would have made for it. What such a client
// has no word for (tool plan, thinking) it knows as `reasoning_content`; what is Cohere's own goes by its name.

interface CohereMessage {
  readonly role: string;
  readonly content?: string | readonly CoherePart[];
  readonly tool_plan?: string;
  readonly tool_calls?: readonly unknown[];
  readonly tool_call_id?: string;
}

interface CoherePart {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly image_url?: unknown;
  readonly document?: { readonly data: unknown };
}

interface CohereRequest {
  readonly model?: string;
  readonly messages?: readonly CohereMessage[];
  readonly tools?: readonly { readonly function: object }[];
  readonly strict_tools?: boolean;
  readonly tool_choice?: 'REQUIRED' | 'NONE';
  readonly response_format?: {
    readonly type: string;
    readonly json_schema?: object;
    readonly schema?: object;
  };
  readonly thinking?: { readonly type: 'enabled' | 'disabled' };
  readonly [name: string]: unknown;
}

const toolChoices = { REQUIRED: 'required', NONE: 'none' } as const;
const renamed: readonly (readonly [cohere: string, openAi: string])[] = [
  ['max_tokens', 'max_completion_tokens'],
  ['p', 'top_p'],
  ['stop_sequences', 'stop'],
];
const same = ['temperature', 'seed', 'frequency_penalty', 'presence_penalty', 'logprobs'];
const cohereOnly = ['documents', 'citation_options', 'safety_mode', 'k', 'priority'];

export function toOpenAiRequest(
  recorded: Readonly<Record<string, unknown>>,
  stream: boolean,
): Record<string, unknown> {
  const {
    model,
    messages = [],
    tools,
    strict_tools,
    tool_choice,
    response_format,
    thinking,
  } = recorded as CohereRequest;
  const request: Record<string, unknown> = {
    model,
    messages: messages.map(toMessage),
    ...(stream ? { stream, stream_options: { include_usage: true } } : {}),
  };
  for (const name of [...same, ...cohereOnly])
    if (recorded[name] !== undefined) request[name] = recorded[name];
  for (const [cohere, openAi] of renamed)
    if (recorded[cohere] !== undefined) request[openAi] = recorded[cohere];
  if (tools) {
    request.tools = tools.map(tool =>
      strict_tools ? { ...tool, function: { ...tool.function, strict: true } } : tool,
    );
  }
  if (tool_choice) request.tool_choice = toolChoices[tool_choice];
  if (thinking) request.reasoning_effort = thinking.type === 'disabled' ? 'none' : 'medium';
  if (response_format) request.response_format = toResponseFormat(response_format);
  return request;
}

function toResponseFormat({
  type,
  json_schema,
  schema = json_schema,
}: NonNullable<CohereRequest['response_format']>) {
  return schema && type === 'json_object'
    ? { type: 'json_schema', json_schema: { name: 'answer', schema } }
    : { type };
}

function toMessage({ role, content, tool_plan = '', tool_calls, tool_call_id }: CohereMessage) {
  switch (role) {
    case 'assistant': {
      const parts = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
      const text = parts.map(part => part.text ?? '').join('');
      const reasoning = parts.map(part => part.thinking ?? '').join('') + tool_plan;
      return {
        role,
        content: text === '' ? null : text,
        ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
        ...(tool_calls ? { tool_calls } : {}),
      };
    }
    case 'tool':
      return { role, tool_call_id, content: toResult(content) };
    default:
      return { role, content };
  }
}

function toResult(content: CohereMessage['content']) {
  if (typeof content === 'string') return content;
  const texts = (content ?? []).map(({ text, document }) => text ?? asText(document?.data));
  return texts.length === 1 ? texts[0] : texts.map(text => ({ type: 'text', text }));
}

function asText(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data);
}
