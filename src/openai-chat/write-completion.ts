// Reply → OpenAI's completion object, plus what this proxy adds: sessionId, reply, messages.
import type { AssistantMessage, Message } from '../conversation/message.ts';
import { textOf } from '../conversation/message.ts';
import type { Reply } from '../conversation/reply.ts';
import type { FinishReason, Logprob } from '../conversation/turn-event.ts';
import type { WrittenAdjustments } from '../http/write-adjustments.ts';
import { type OpenAIMessage, writeAssistant, writeMessage } from './write-message.ts';
import { writeUsage } from './write-usage.ts';

/** What every chunk of an answer, or its one completion, repeats. */
export interface AnswerHead {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
}

export interface SessionFields {
  readonly sessionId: string | null;
  /** The text of the answer. */
  readonly reply?: string;
  /** The conversation with this turn. */
  readonly messages?: readonly OpenAIMessage[];
  /** All of them, where the headers had gone before the last was known. */
  readonly adjustments?: WrittenAdjustments;
}

export function writeCompletion(
  { id, created, model }: AnswerHead,
  reply: Reply,
  session: SessionFields,
  carrier?: string,
): object {
  return {
    id,
    object: 'chat.completion',
    created,
    model,
    choices: [
      {
        index: 0,
        message: writeAssistant(carrying(reply, carrier)),
        logprobs: reply.logprobs ? { content: reply.logprobs.map(writeLogprob), refusal: null } : null,
        finish_reason: writeFinishReason(reply.finishReason, Boolean(reply.message.toolCalls?.length)),
      },
    ],
    ...(reply.usage ? { usage: writeUsage(reply.usage) } : {}),
    ...session,
  };
}

export function writeSessionFields(
  sessionId: string | null,
  included: { readonly reply: Reply; readonly messages: readonly Message[] } | undefined,
  carrier?: string,
): SessionFields {
  if (!included) return { sessionId };
  const { reply, messages } = included;
  return {
    sessionId,
    reply: textOf(reply.message),
    messages: messages.map(message =>
      writeMessage(message === reply.message ? carrying(reply, carrier) : message),
    ),
  };
}

function carrying({ message }: Reply, carrier: string | undefined): AssistantMessage {
  return carrier === undefined ? message : { ...message, carried: carrier };
}

export function writeLogprob({ text, logprob }: Logprob) {
  return { token: text, logprob, bytes: [...Buffer.from(text)], top_logprobs: [] };
}

/** Clients act on the calls, so they are told of them whatever Cohere's word was; a cut answer stays a cut one. */
export function writeFinishReason(reason: FinishReason, hasCalls: boolean): 'stop' | 'length' | 'tool_calls' {
  if (reason === 'length') return 'length';
  return hasCalls ? 'tool_calls' : 'stop';
}
