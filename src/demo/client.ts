// A client as anybody could write one: `fetch`, a JSON body, and the fields and headers of the answer.
import { createParser } from 'eventsource-parser';

export interface ChatCall {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

interface ChatMessage {
  readonly role: string;
  readonly tool_calls?: readonly ChatCall[];
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number };
}

/** The fields that the proxy adds stand on the completion, or on the last chunk of a stream. */
interface SessionFields {
  readonly sessionId?: string | null;
  readonly reply?: string;
  readonly messages?: readonly ChatMessage[];
  readonly usage?: Usage | null;
}

interface ErrorFields {
  readonly error?: { readonly message: string; readonly code: string };
}

type Completion = SessionFields & ErrorFields;
type Chunk = SessionFields &
  ErrorFields & { readonly choices?: readonly { readonly delta?: { readonly content?: string } }[] };

export interface ChatAnswer {
  readonly text: string;
  /** The whole conversation, as the proxy remembers it. */
  readonly messages: readonly ChatMessage[];
  readonly usage: Usage | undefined;
}

export interface ChatHead {
  /** Header `X-Session-Id`, there before the first byte of the body. */
  readonly sessionId: string;
  /** Header `X-Session-State`. */
  readonly state: string;
}

export interface Exchange {
  readonly head: ChatHead;
  /** Gives each piece of text as it comes; one piece where the answer is not streamed. */
  read(onText: (text: string) => void): Promise<ChatAnswer>;
}

/** The proxy said no, or the answer is not what it should be. Its message is one line for the user. */
export class DemoFailure extends Error {}

export async function chat(baseUrl: string, body: object): Promise<Exchange> {
  const response = await fetch(`${baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw failureOf(await response.json(), response.status);
  const sessionId = response.headers.get('x-session-id') ?? '';
  const state = response.headers.get('x-session-state') ?? '';
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  return {
    head: { sessionId, state },
    read: onText => (isStream ? readStream(response, onText) : readWhole(response, onText)),
  };
}

async function readWhole(response: Response, onText: (text: string) => void): Promise<ChatAnswer> {
  const answer = answerOf((await response.json()) as Completion);
  if (answer.text !== '') onText(answer.text);
  return answer;
}

async function readStream(response: Response, onText: (text: string) => void): Promise<ChatAnswer> {
  let last: SessionFields | undefined;
  let isDone = false;
  const parser = createParser({
    onEvent: ({ data }) => {
      if (data === '[DONE]') {
        isDone = true;
        return;
      }
      const chunk = JSON.parse(data) as Chunk;
      if (chunk.error) throw failureOf(chunk);
      const text = chunk.choices?.[0]?.delta?.content;
      if (text) onText(text);
      if (chunk.sessionId !== undefined) last = chunk;
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) parser.feed(decoder.decode(bytes, { stream: true }));
  if (!isDone || !last) throw new DemoFailure('The stream ended without [DONE].');
  return answerOf(last);
}

function answerOf({ reply = '', messages = [], usage }: SessionFields): ChatAnswer {
  return { text: reply, messages, usage: usage ?? undefined };
}

function failureOf(body: unknown, status?: number): DemoFailure {
  const { error } = body as ErrorFields;
  const text = error ? `${error.message} (${error.code})` : 'The proxy answered without saying why.';
  return new DemoFailure(status === undefined ? text : `${status} ${text}`);
}
