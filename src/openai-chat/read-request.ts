// Body of POST /v1/chat/completions → ChatRequest. What has no counterpart at Cohere is dropped and named; what
// would change the answer without a word is refused.
import type { z } from 'zod';
import {
  AdjustmentNotes,
  type Adjustments,
  joinAdjustments,
  noAdjustments,
} from '../conversation/adjustments.ts';
import type { ChatRequest, SessionChoice } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { holdsImage, type Message, textOf } from '../conversation/message.ts';
import { isNearly } from '../http/near-name.ts';
import { isNearMiss } from '../http/read-label.ts';
import { checkSize, type SizeLimits } from './check-size.ts';
import { chooseSession, type NamedBeside } from './choose-session.ts';
import { readMessages } from './read-messages.ts';
import { readSettings } from './read-settings.ts';
import { readTools } from './read-tools.ts';
import { type ChatBody, chatBody } from './wire.ts';

export interface ReadRequest {
  readonly chat: ChatRequest;
  /** OpenAI's field `user`, else `safety_identifier`. */
  readonly user: string | undefined;
  readonly includeUsage: boolean;
  /** Whether the answer carries `messages` and `reply`. */
  readonly includeMessages: boolean;
  readonly adjustments: Adjustments;
}

export type ReadLimits = SizeLimits;

const knownFields = new Set(Object.keys(chatBody.shape));

/** What headers and URL say. */
export interface ReadClient extends NamedBeside {
  readonly wordsInResults?: boolean;
}

export function readRequest(
  body: unknown,
  limits: ReadLimits,
  { wordsInResults = false, ...beside }: ReadClient = {},
): ReadRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProxyError('invalid_request', 'The request body must be a JSON object.');
  }
  checkSize(body, knownFields, limits);
  const parsed = chatBody.safeParse(body);
  if (!parsed.success) throw invalidBody(parsed.error);
  const fields = parsed.data;
  refuseWhatChangesTheAnswer(fields);

  const notes = new AdjustmentNotes();
  const nearMisses = [...Object.keys(body).filter(isNearMiss), ...(beside.nearMisses ?? [])];
  const { messages, isNothing } = readAllMessages(fields, Object.keys(body), notes);
  const holdsAssistant = messages.some(message => message.role === 'assistant');
  const { choice: session, dropped } = chooseSession(fields, holdsAssistant, { ...beside, nearMisses });
  // A session may wait for an answer to what it holds.
  if (isNothing && (session.id === undefined || session.isReplaced)) throw isNothing;
  if (!fields.model && session.id === undefined && session.dialect === 'transcript') {
    throw new ProxyError('missing_required_parameter', "Missing required parameter: 'model'.", {
      param: 'model',
    });
  }
  const { tools, toolChoice, allowedTools, strictTools, ...adjustedTools } = readTools(fields);
  const { settings, ...adjustedSettings } = readSettings(fields);
  if (settings.responseFormat?.type === 'json' && tools) {
    throw new ProxyError('unsupported_parameter', 'Cohere gives JSON output only without tools.', {
      param: 'response_format',
    });
  }
  return {
    chat: {
      ...(fields.model ? { model: fields.model } : {}),
      messages,
      ...(tools ? { tools } : {}),
      ...(toolChoice ? { toolChoice } : {}),
      ...(allowedTools ? { allowedTools } : {}),
      strictTools,
      parallelToolCalls: fields.parallel_tool_calls ?? true,
      settings,
      session,
      ...(wordsInResults ? { wordsInResults } : {}),
      truncation: fields.truncation ?? 'auto',
      stream: fields.stream ?? false,
    },
    // The empty name is nobody's, as it is in lists.
    user: fields.user || fields.safety_identifier || undefined,
    includeUsage: fields.stream_options?.include_usage ?? false,
    includeMessages:
      fields.include_messages ??
      (session.dialect === 'session' || (!holdsAssistant && !tools) || bringsLastStep(session, messages)),
    adjustments: joinAdjustments(
      {
        ...noAdjustments,
        dropped: [
          ...(fields.messages?.some(holdsName) ? ['messages.name'] : []),
          ...Object.keys(body).filter(name => !knownFields.has(name)),
          ...dropped,
        ],
      },
      notes,
      adjustedTools,
      adjustedSettings,
    ),
  };
}

/** What is new, behind the call that a session waits with: no transcript, although it holds an assistant message. */
function bringsLastStep({ id, isReplaced }: SessionChoice, [first]: readonly Message[]): boolean {
  return id !== undefined && !isReplaced && first?.role === 'assistant' && Boolean(first.toolCalls?.length);
}

/** Cohere refuses the field; the legacy role `function` needs it, and says nothing more with it. */
function holdsName(message: unknown): boolean {
  const { name, role } = Object(message) as { name?: unknown; role?: unknown };
  return typeof name === 'string' && role !== 'function';
}

function refuseWhatChangesTheAnswer(fields: ChatBody): void {
  const refuse = (param: string, message: string) => {
    throw new ProxyError('unsupported_parameter', message, { param });
  };
  if (fields.n !== undefined && fields.n !== null && fields.n !== 1)
    refuse('n', 'Cohere gives one answer: n must be 1.');
  if (Object.keys(fields.logit_bias ?? {}).length > 0) refuse('logit_bias', 'Cohere has no logit_bias.');
  if ((fields.top_logprobs ?? 0) > 0)
    refuse('top_logprobs', 'Cohere gives no alternatives: top_logprobs must be 0.');
  if (fields.modalities?.some(modality => modality !== 'text'))
    refuse('modalities', 'Cohere answers in text only.');
  if (fields.web_search_options) refuse('web_search_options', "Cohere's chat API v2 has no web search.");
}

interface ReadAll {
  readonly messages: Message[];
  /** What is wrong where there is no session that waits for an answer. */
  readonly isNothing?: ProxyError;
}

function readAllMessages(fields: ChatBody, names: readonly string[], notes: AdjustmentNotes): ReadAll {
  const { message } = fields;
  const hasMessage = message !== undefined && message !== null;
  if (hasMessage && fields.messages) {
    throw new ProxyError('invalid_request', "Give either 'message' or 'messages', not both.", {
      param: 'message',
    });
  }
  if (hasMessage) return readOneMessage(message, notes);
  if (!fields.messages) {
    const hint = hintOf(names);
    throw new ProxyError('missing_required_parameter', `Missing required parameter: 'messages'.${hint}`, {
      param: 'messages',
    });
  }
  if (fields.messages.length === 0) {
    const isNothing = new ProxyError(
      'empty_array',
      "Invalid 'messages': empty array. Expected at least one message.",
      { param: 'messages' },
    );
    return { messages: [], isNothing };
  }
  return { messages: readMessages(fields.messages, notes) };
}

/** What others call it. */
const otherNames = new Set(['prompt', 'input', 'text', 'content', 'query', 'question']);

/** Where something else stands in its place: what it may have been meant to be. */
function hintOf(names: readonly string[]): string {
  const unknown = names.filter(name => !knownFields.has(name));
  for (const name of unknown) {
    if (isNearly(name, 'messages') && /s$/i.test(name)) return ` Is '${name}' meant to be 'messages'?`;
    if (isNearly(name, 'message')) return ` Is '${name}' meant to be 'message'?`;
  }
  const other = unknown.find(name => otherNames.has(name));
  return other === undefined ? '' : ` Is '${other}' meant to be 'message'?`;
}

/** `message`: a text, a list of parts, or a whole message of the user. */
function readOneMessage(value: unknown, notes: AdjustmentNotes): ReadAll {
  const isMessage = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (typeof value === 'number' || typeof value === 'boolean') {
    throw new ProxyError(
      'invalid_type',
      "Invalid type for 'message': expected a string, parts or a message.",
      {
        param: 'message',
      },
    );
  }
  let message: Message | undefined;
  const rename = (text: string) =>
    text.replaceAll('messages[0].content', 'message').replaceAll('messages[0]', 'message');
  try {
    const read = new AdjustmentNotes();
    [message] = readMessages([{ role: 'user', ...(isMessage ? value : { content: value }) }], read);
    for (const path of read.dropped) notes.dropped.push(rename(path));
    for (const path of read.rewritten) notes.rewritten.push(rename(path));
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    throw new ProxyError(error.code, rename(error.message), { param: rename(error.param ?? 'message') });
  }
  const refusal = () =>
    new ProxyError('invalid_value', "Invalid 'message': it must be what the user says, and not empty.", {
      param: 'message',
    });
  if (message?.role !== 'user') throw refusal();
  const saysNothing = textOf(message) === '' && !holdsImage(message);
  return saysNothing ? { messages: [], isNothing: refusal() } : { messages: [message] };
}

/** The first problem, with its path in OpenAI's form: `tools[0].function.name`. */
function invalidBody(error: z.ZodError): ProxyError {
  const [issue] = error.issues;
  let param = '';
  for (const key of issue?.path ?? []) {
    param += typeof key === 'number' ? `[${key}]` : param === '' ? String(key) : `.${String(key)}`;
  }
  const code = issue?.code === 'invalid_type' ? 'invalid_type' : 'invalid_value';
  return new ProxyError(code, `Invalid '${param}': ${issue?.message ?? 'not understood'}.`, { param });
}
