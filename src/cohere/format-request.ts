// Prompt → the body of `POST /v2/chat`. Built from an allow-list: Cohere refuses every field that it does not know.
import type { Adjustments } from '../conversation/adjustments.ts';
import type { Settings } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import type { JsonObject, Message } from '../conversation/message.ts';
import type { Slices } from '../streams/slices.ts';
import type { ModelInfo, Prompt } from '../turn/model.ts';
import { formatMessage } from './format-messages.ts';
import { fitStrictTools, formatTools } from './format-tools.ts';
import { messageForm } from './message-form.ts';
import { serializeMessages } from './serialize-messages.ts';
import { ToolNames } from './tool-names.ts';
import type { CohereChatOptions } from './wire.ts';

export interface FormattedRequest extends Adjustments {
  readonly writeBody: () => Slices<Buffer>;
  readonly toolNames: ToolNames;
  /** Everything beside the messages. */
  readonly options: CohereChatOptions;
}

export function formatRequest(prompt: Prompt, info: ModelInfo | undefined): FormattedRequest {
  checkAbilities(prompt);
  const toolNames = toolNamesOf(prompt);
  const { options, dropped, clamped } = formatOptions(prompt, info, toolNames);
  const head = JSON.stringify(options);
  function* writeBody(): Slices<Buffer> {
    const messages = yield* serializeMessages(prompt.messages, messageForm(info), toolNames);
    return Buffer.concat([Buffer.from(`${head.slice(0, -1)},"messages":[`), ...messages, Buffer.from(']}')]);
  }
  return { writeBody, toolNames, options, dropped, clamped, rewritten: [] };
}

/** What a prompt looks like to Cohere, for whoever has to know its size: options, and each message by itself. */
export function describePrompt(prompt: Prompt, info: ModelInfo | undefined) {
  const toolNames = toolNamesOf(prompt);
  const { options } = formatOptions(prompt, info, toolNames);
  const form = messageForm(info);
  const toolName = (name: string) => toolNames.toCohere(name);
  return { options, form, format: (message: Message) => formatMessage(message, { form, toolName }) };
}

function toolNamesOf({ tools, messages }: Prompt): ToolNames {
  return new ToolNames([...tools.map(tool => tool.name), ...messages.facts.toolNames]);
}

/** Everything beside the messages. */
function formatOptions(prompt: Prompt, info: ModelInfo | undefined, toolNames: ToolNames) {
  const dropped: string[] = [];
  const clamped: string[] = [];
  const options: CohereChatOptions = { model: prompt.model, stream: prompt.stream };
  if (prompt.tools.length > 0) {
    options.tools = formatTools(prompt.tools, toolNames);
    if (prompt.toolChoice === 'required') options.tool_choice = 'REQUIRED';
    if (prompt.toolChoice === 'none') options.tool_choice = 'NONE';
    if (prompt.strictTools) {
      if (info?.features?.has('strict_tools') && fitStrictTools(prompt.tools)) options.strict_tools = true;
      else dropped.push('tools.function.strict');
    }
  }
  formatSettings(options, prompt.settings, info, { dropped, clamped });
  return { options, dropped, clamped };
}

/** What Cohere would refuse in worse words, or not at all but with a wrong answer. */
function checkAbilities({ tools, settings }: Prompt): void {
  if (settings.responseFormat?.type === 'json' && tools.length > 0) {
    throw new ProxyError(
      'unsupported_parameter',
      'Cohere gives JSON output only without tools, and without tool calls in the history.',
      {
        param: 'response_format',
      },
    );
  }
}

function formatSettings(
  options: CohereChatOptions,
  settings: Settings,
  info: ModelInfo | undefined,
  adjusted: { dropped: string[]; clamped: string[] },
): void {
  const { maxTokens, responseFormat, thinking } = settings;
  const limit = info?.maxOutputTokens;
  if (maxTokens !== undefined) {
    options.max_tokens = limit === undefined ? maxTokens : Math.min(maxTokens, limit);
    if (options.max_tokens !== maxTokens) adjusted.clamped.push(`max_tokens=${options.max_tokens}`);
  }
  if (settings.temperature !== undefined) options.temperature = settings.temperature;
  if (settings.topP !== undefined) options.p = settings.topP;
  if (settings.topK !== undefined) options.k = settings.topK;
  if (settings.frequencyPenalty !== undefined) options.frequency_penalty = settings.frequencyPenalty;
  // Some models refuse the two together.
  if (settings.presencePenalty !== undefined && settings.frequencyPenalty !== undefined)
    adjusted.dropped.push('presence_penalty');
  else if (settings.presencePenalty !== undefined) options.presence_penalty = settings.presencePenalty;
  if (settings.stopSequences?.length) options.stop_sequences = settings.stopSequences;
  if (settings.seed !== undefined) options.seed = settings.seed;
  if (settings.logprobs) {
    if (info?.features?.has('logprobs') ?? true) options.logprobs = true;
    else adjusted.dropped.push('logprobs');
  }
  if (settings.documents?.length) options.documents = settings.documents;
  if (settings.citationOptions) options.citation_options = settings.citationOptions;
  if (settings.safetyMode !== undefined) {
    if (info?.features?.has('safety_modes') ?? true) options.safety_mode = settings.safetyMode;
    else adjusted.dropped.push('safety_mode');
  }
  if (settings.priority !== undefined) options.priority = settings.priority;
  if (responseFormat?.type === 'json') {
    const { schema } = responseFormat;
    options.response_format = {
      type: 'json_object',
      ...(schema ? { json_schema: withoutDialect(schema) } : {}),
    };
  }
  if (!thinking) return;
  if (thinking.type === 'enabled' && thinking.param === 'thinking') {
    // Cohere's own parameter, passed on as it was given: a model that does not think says so itself.
    const { tokenBudget } = thinking;
    // One above the output limit is refused.
    const most = options.max_tokens ?? limit ?? Number.POSITIVE_INFINITY;
    const budget = tokenBudget === undefined ? undefined : Math.min(tokenBudget, most);
    if (budget !== tokenBudget) adjusted.clamped.push(`thinking.token_budget=${budget}`);
    options.thinking = { type: 'enabled', ...(budget === undefined ? {} : { token_budget: budget }) };
  } else if (!info?.features?.has('reasoning')) {
    // Other models refuse the parameter, even to switch it off.
    adjusted.dropped.push(thinking.param);
  } else if (thinking.type === 'disabled') {
    options.thinking = { type: 'disabled' };
  } else {
    const outputLimit = options.max_tokens ?? limit;
    const { tokenBudget, outputShare } = thinking;
    const share =
      outputShare === undefined || outputLimit === undefined
        ? undefined
        : Math.floor(outputLimit * outputShare);
    const wanted = tokenBudget ?? share;
    const budget = wanted === undefined ? undefined : Math.max(1, Math.min(wanted, outputLimit ?? wanted));
    if (tokenBudget !== undefined && budget !== tokenBudget)
      adjusted.clamped.push(`reasoning.max_tokens=${budget}`);
    options.thinking = { type: 'enabled', ...(budget === undefined ? {} : { token_budget: budget }) };
  }
}

/** `$schema` is an unknown keyword to Cohere; several SDKs send it. */
function withoutDialect({ $schema: _, ...schema }: JsonObject): JsonObject {
  return schema;
}
