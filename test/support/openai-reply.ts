// What a client of OpenAI's reads from an answer, whole or streamed, and the promises about chunks that clients
// were seen to depend on.
import type { CohereCitation } from './cohere-answer.ts';

interface ToolCall {
  readonly index?: number;
  readonly id?: string;
  readonly type?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

interface Annotation {
  readonly type: string;
  readonly url_citation: {
    readonly start_index: number;
    readonly end_index: number;
    readonly url: string;
    readonly title: string;
  };
}

interface OpenAiMessage {
  readonly role?: string;
  readonly content?: string | null;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly ToolCall[];
  readonly annotations?: readonly Annotation[];
  readonly citations?: readonly CohereCitation[];
}

interface OpenAiUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens?: number };
}

/** What the proxy adds to OpenAI's object. */
interface Extras {
  readonly sessionId?: string | null;
  readonly reply?: string;
  readonly messages?: readonly unknown[];
}

interface Completion extends Extras {
  readonly choices: readonly { readonly message: OpenAiMessage; readonly finish_reason: string }[];
  readonly usage?: OpenAiUsage;
}

interface Chunk extends Extras {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly choices: readonly { readonly delta: OpenAiMessage; readonly finish_reason: string | null }[];
  readonly usage?: OpenAiUsage | null;
}

export interface OpenAiReply {
  readonly content: string | null;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finishReason: string;
  readonly usage:
    | {
        readonly prompt: number;
        readonly completion: number;
        readonly total: number;
        readonly cached: number;
      }
    | undefined;
  readonly citations: readonly CohereCitation[];
  readonly annotations: readonly Annotation[];
  readonly extras: Extras;
}

export function readCompletion(body: unknown): OpenAiReply {
  const { choices, usage, sessionId, reply, messages } = body as Completion;
  const [choice] = choices;
  if (!choice) throw new Error('a completion without a choice');
  const { message, finish_reason } = choice;
  if (message.tool_calls?.length === 0) throw new Error('tool_calls must be absent, never empty');
  return {
    content: message.content ?? null,
    reasoning: message.reasoning_content ?? '',
    toolCalls: (message.tool_calls ?? []).map(({ id = '', function: called }) => ({
      id,
      name: called?.name ?? '',
      arguments: called?.arguments ?? '',
    })),
    finishReason: finish_reason,
    usage: usage ? readUsage(usage) : undefined,
    citations: message.citations ?? [],
    annotations: message.annotations ?? [],
    extras: pickExtras({ sessionId, reply, messages }),
  };
}

/** @throws where the chunks break a rule that clients depend on. */
export function collectChunks(frames: readonly unknown[]): OpenAiReply {
  let content: string | null = null;
  let reasoning = '';
  const calls: { id: string; name: string; arguments: string }[] = [];
  const citations: CohereCitation[] = [];
  const annotations: Annotation[] = [];
  let finishReason: string | undefined;
  let usage: OpenAiUsage | undefined;
  const chunks = frames as readonly Chunk[];
  const [first] = chunks;
  for (const [position, chunk] of chunks.entries()) {
    must(
      chunk.id === first?.id && chunk.created === first.created && chunk.model === first.model,
      'id, created and model are the same in all chunks',
    );
    if (chunk.usage) {
      must(usage === undefined, 'usage comes once');
      usage = chunk.usage;
    }
    if (chunk.choices.length === 0) {
      must(chunk.usage !== undefined && chunk.usage !== null, 'only the usage chunk has no choice');
      must(position === chunks.length - 1, 'the usage chunk is the last');
      continue;
    }
    for (const { delta, finish_reason } of chunk.choices) {
      must(finishReason === undefined, 'nothing follows the finish reason but usage');
      if (position === 0) must(delta.role === 'assistant', 'the first delta says the role');
      if (typeof delta.content === 'string' && delta.content !== '')
        content = (content ?? '') + delta.content;
      reasoning += delta.reasoning_content ?? '';
      citations.push(...(delta.citations ?? []));
      annotations.push(...(delta.annotations ?? []));
      for (const call of delta.tool_calls ?? []) addCall(calls, call);
      if (finish_reason !== null) {
        must(!delta.content && !delta.tool_calls, 'the finish reason comes with an empty delta');
        finishReason = finish_reason;
      }
    }
  }
  if (finishReason === undefined) throw new Error('no finish reason came');
  const { sessionId, reply, messages } = chunks.at(-1) ?? {};
  return {
    content,
    reasoning,
    toolCalls: calls,
    finishReason,
    usage: usage ? readUsage(usage) : undefined,
    citations,
    annotations,
    extras: pickExtras({ sessionId, reply, messages }),
  };
}

function addCall(
  calls: { id: string; name: string; arguments: string }[],
  { index, id, type, function: called }: ToolCall,
): void {
  if (index === undefined) throw new Error('a tool call delta without index');
  const open = calls[index];
  if (!open) {
    must(index === calls.length, 'tool call indexes have no gaps');
    must(id !== undefined && id !== '' && type === 'function', 'the first delta of a call has id and type');
    must(called?.name !== undefined && called.name !== '', 'the first delta of a call has its name');
    calls[index] = { id: id ?? '', name: called?.name ?? '', arguments: called?.arguments ?? '' };
    return;
  }
  must(id === undefined && called?.name === undefined, 'later deltas of a call have only arguments');
  open.arguments += called?.arguments ?? '';
}

function readUsage(usage: OpenAiUsage) {
  return {
    prompt: usage.prompt_tokens,
    completion: usage.completion_tokens,
    total: usage.total_tokens,
    cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
  };
}

function pickExtras(extras: { [Name in keyof Extras]: Extras[Name] | undefined }): Extras {
  return Object.fromEntries(Object.entries(extras).filter(([, value]) => value !== undefined));
}

function must(condition: boolean, rule: string): void {
  if (!condition) throw new Error(`broken rule: ${rule}`);
}
