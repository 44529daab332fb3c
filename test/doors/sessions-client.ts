// What the Sessions API is asked in tests, and the short way to sessions that it can be asked about.
import { expect } from 'vitest';
import { TranscriptClient, type WireMessage } from '../clients/transcript-client.ts';
import { goodAnswer } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

type StartOptions = Parameters<typeof startPair>[0];
type Headers = Readonly<Record<string, string>>;

export interface Answer {
  readonly status: number;
  readonly headers: globalThis.Headers;
  readonly body: Fields;
}

export interface ErrorFields {
  readonly code: string;
  readonly param: string | null;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Fields {
  readonly id: string;
  readonly error: ErrorFields;
  readonly data: readonly Fields[];
  readonly messages: readonly WireMessage[];
  readonly expires_at: number;
  readonly updated_at: number;
  readonly made: readonly { readonly line: number; readonly id: string }[];
  readonly [key: string]: unknown;
}

export class SessionsClient extends TranscriptClient {
  readonly pair: Pair;
  readonly #headers: Headers;

  constructor(pair: Pair, headers: Headers = {}) {
    super(pair, headers);
    this.pair = pair;
    this.#headers = headers;
  }

  /** In front of a Cohere that answers everything. */
  static async start(options: StartOptions = {}): Promise<SessionsClient> {
    const pair = await startPair(options);
    pair.fake.setDefault(() => json(goodAnswer('Yes.')));
    return new SessionsClient(pair);
  }

  /** The same proxy for another key. */
  as(headers: Headers): SessionsClient {
    return new SessionsClient(this.pair, headers);
  }

  async ask(method: string, path: string, body?: object, headers: Headers = {}): Promise<Answer> {
    return readAnswer(
      await this.pair.send(method, path, {
        headers: {
          ...this.#headers,
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  }

  /** The body of what has to work. */
  async get(path: string): Promise<Fields> {
    return this.must('GET', path);
  }

  async must(method: string, path: string, body?: object, headers: Headers = {}): Promise<Fields> {
    const answer = await this.ask(method, path, body, headers);
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    return answer.body;
  }

  async code(method: string, path: string, body?: object): Promise<string> {
    const { status, body: told } = await this.ask(method, path, body);
    return status === 200 ? 'works' : `${status} ${told.error.code} ${told.error.param}`;
  }

  /** @returns the ids, newest first, of all branches */
  async ids(query = ''): Promise<string[]> {
    const { data } = await this.get(`/v1/sessions?limit=100&branches=true&${query}`);
    return data.map(({ id }) => id);
  }

  /** One turn of the session dialect. */
  async say(sessionId: string | undefined, message: string, more: object = {}): Promise<Answer> {
    const named = sessionId === undefined ? {} : { sessionId };
    return this.ask('POST', '/v1/chat/completions', { message, ...named, ...more });
  }

  async export(query = ''): Promise<string> {
    const response = await this.pair.send('GET', `/v1/session-exports?${query}`, { headers: this.#headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/jsonl');
    return response.text();
  }

  async import(lines: string | readonly object[], headers: Headers = {}): Promise<Answer> {
    const body = typeof lines === 'string' ? lines : lines.map(line => JSON.stringify(line)).join('\n');
    return readAnswer(
      await this.pair.send('POST', '/v1/session-imports', {
        headers: { 'content-type': 'application/jsonl', ...this.#headers, ...headers },
        body,
      }),
    );
  }
}

export const contents = ({ messages }: Fields) => messages.map(({ content }) => content);

export function linesOf(text: string): Fields[] {
  expect(text).toMatch(/\n$|^$/);
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as Fields);
}

async function readAnswer(response: Response): Promise<Answer> {
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Fields,
  };
}
