// A client that sends whole conversations and never names a session, and what it can see of the sessions.
import { expect } from 'vitest';
import { cohereComplaints } from '../support/cohere-schema.ts';
import type { UpstreamRequest } from '../support/fake-cohere.ts';
import { readJson } from '../support/read-json.ts';
import { readReply } from '../support/read-reply.ts';
import { chatPath } from '../support/start.ts';
import { type NativeMessage, sayNative } from './native-answer.ts';

/** A message as OpenAI's clients write it. */
export interface WireMessage {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: readonly WireCall[];
  readonly tool_call_id?: string;
  readonly [key: string]: unknown;
}

export interface WireCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export interface SessionFields {
  readonly id: string;
  readonly parent_id: string | null;
  readonly label: string | null;
  readonly user: string | null;
  readonly message_count: number;
}

export interface Turned {
  /** 'none' where the headers say none. */
  readonly id: string;
  readonly state: string | null;
  /** The answer with all that the client was given, as it would be sent back by one that loses nothing. */
  readonly message: WireMessage;
  /** What Cohere was sent. */
  readonly heard: UpstreamRequest;
}

interface Chat {
  readonly model: string;
  /** Absent in the session dialect. */
  readonly messages?: readonly WireMessage[];
  readonly stream?: boolean;
  readonly [key: string]: unknown;
}

/** The proxy and its Cohere, whoever started them. */
interface Pair {
  readonly url: string;
  readonly fake: {
    readonly chatRequests: readonly UpstreamRequest[];
    script(...steps: ReturnType<typeof sayNative>): void;
  };
}

type Headers = Readonly<Record<string, string>>;

export class TranscriptClient {
  readonly #pair: Pair;
  readonly #headers: Headers;
  /** Which id the proxy gave out for a call of Cohere's: what is sent may name it by either. */
  readonly #given = new Map<string, string>();

  constructor(pair: Pair, headers: Headers = {}) {
    this.#pair = pair;
    this.#headers = headers;
  }

  post(body: object, headers: Headers = {}, path = chatPath): Promise<Response> {
    const all = new Headers({ 'content-type': 'application/json' });
    for (const [name, value] of Object.entries({ ...this.#headers, ...headers })) all.set(name, value);
    const written = JSON.stringify(body, (key, value) =>
      key === 'id' || key === 'tool_call_id' ? (this.#given.get(value) ?? value) : value,
    );
    return fetch(this.#pair.url + path, { method: 'POST', headers: all, body: written });
  }

  /** One turn that Cohere answers with this message. Not for turns that run beside each other. */
  async turn(chat: Chat, native: NativeMessage, headers: Headers = {}, path = chatPath): Promise<Turned> {
    const { fake } = this.#pair;
    const stream = chat.stream === true;
    const before = fake.chatRequests.length;
    fake.script(...sayNative(native, stream));
    const response = await this.post(chat, headers, path);
    const turned = await readTurn(response, stream);
    for (const [place, { id }] of (native.tool_calls ?? []).entries()) {
      const given = turned.message.tool_calls?.[place];
      if (given) this.#given.set(id, given.id);
    }
    const [heard, ...others] = fake.chatRequests.slice(before);
    if (!heard || others.length > 0) throw new Error(`Cohere was asked ${others.length + 1} times`);
    expect(cohereComplaints(heard.json)).toEqual([]);
    return { ...turned, heard };
  }

  /** By id; forks too, unless the query says otherwise. */
  async sessions(query = 'branches=true'): Promise<Readonly<Record<string, SessionFields>>> {
    const list = await this.#get(`/v1/sessions?limit=100&${query}`);
    const { data } = list as { data: SessionFields[] };
    return Object.fromEntries(data.map(session => [session.id, session]));
  }

  /** These sessions, with these fields, and no others. */
  async expectSessions(
    expected: Readonly<Record<string, Partial<SessionFields>>>,
    query?: string,
  ): Promise<void> {
    expect(await this.sessions(query)).toEqual(
      Object.fromEntries(
        Object.entries(expected).map(([id, fields]) => [id, expect.objectContaining(fields)]),
      ),
    );
  }

  async session(
    id: string,
    query = '',
  ): Promise<SessionFields & { readonly messages: readonly WireMessage[] }> {
    const session = await this.#get(`/v1/sessions/${id}${query}`);
    return session as SessionFields & { messages: WireMessage[] };
  }

  async #get(path: string): Promise<unknown> {
    return readJson(await fetch(this.#pair.url + path, { headers: this.#headers }), 200);
  }
}

/** What a client learns of its turn. */
export async function readTurn(response: Response, stream: boolean): Promise<Omit<Turned, 'heard'>> {
  const reply = await readReply(response, stream);
  const calls = reply.toolCalls.map(
    ({ id, name, arguments: text }): WireCall => ({
      id,
      type: 'function',
      function: { name, arguments: text },
    }),
  );
  return {
    id: response.headers.get('x-session-id') ?? 'none',
    state: response.headers.get('x-session-state'),
    message: {
      role: 'assistant',
      content: reply.content,
      refusal: null,
      ...(reply.reasoning === '' ? {} : { reasoning_content: reply.reasoning }),
      ...(calls.length > 0 ? { tool_calls: calls } : {}),
      ...(reply.citations.length > 0 ? { citations: reply.citations, annotations: reply.annotations } : {}),
    },
  };
}
