// A client that brings back `reasoning_details` as they came and of the rest what every client does: the text, and
// the calls with arguments that it has parsed and written anew.
import { expect } from 'vitest';
import { eachAnswer, type Habit } from '../clients/agent-story.ts';
import type { NativeMessage } from '../clients/native-answer.ts';
import { TranscriptClient, type Turned, type WireMessage } from '../clients/transcript-client.ts';
import { parseFrames } from '../support/read-sse.ts';
import type { Pair } from '../support/start.ts';

export const proxySecret = 'c'.repeat(64);

/** How what we carry begins; nothing of it may reach Cohere or a store. */
export const carriedStart = 'cohere-proxy.';

export type Detail = Readonly<Record<string, unknown>>;

interface Said {
  readonly delta?: { readonly reasoning_details?: readonly Detail[] };
  readonly message?: { readonly reasoning_details?: readonly Detail[] };
  readonly finish_reason: string | null;
}

interface Frame {
  readonly choices?: readonly Said[];
  readonly sessionId?: string | null;
  readonly messages?: readonly WireMessage[];
}

export interface CarriedTurn extends Turned {
  /** Undefined where nothing came; a test fails where it came in pieces. */
  readonly details: readonly Detail[] | undefined;
  /** What the body says, which is said later than the headers. */
  readonly sessionId: string | null | undefined;
  readonly messages: readonly WireMessage[] | undefined;
  /** The chunks, or the one completion. */
  readonly frames: readonly Frame[];
}

type Carried = Omit<CarriedTurn, keyof Turned>;

export class CarrierClient extends TranscriptClient {
  #answer: Promise<string> = Promise.resolve('');

  override async post(...given: Parameters<TranscriptClient['post']>): Promise<Response> {
    const response = await super.post(...given);
    this.#answer = response.clone().text();
    return response;
  }

  override async turn(...given: Parameters<TranscriptClient['turn']>): Promise<CarriedTurn> {
    const turned = await super.turn(...given);
    expect(turned.heard.body.toString()).not.toContain(carriedStart);
    return withCarried(turned, readCarried(await this.#answer, given[0].stream === true));
  }
}

export function readCarried(answer: string, stream: boolean): Carried {
  const frames = (stream ? parseFrames(answer).frames : [JSON.parse(answer)]) as Frame[];
  const found = frames
    .flatMap(({ choices = [] }) => choices)
    .map(({ delta, message }) => (delta ?? message)?.reasoning_details)
    .filter(details => details !== undefined);
  expect(found.length).toBeLessThanOrEqual(1);
  const [details] = found;
  const { sessionId, messages } = frames.at(-1) ?? {};
  return { details, sessionId, messages, frames };
}

/** With the details in the message, as a client keeps them. */
export function withCarried<Told extends Omit<Turned, 'heard'>>(
  told: Told,
  carried: Carried,
): Told & Carried {
  const { details } = carried;
  const message = { ...told.message, ...(details ? { reasoning_details: details } : {}) };
  return { ...told, ...carried, message };
}

/** What such a client keeps of an answer. */
export function keptOf({ role, content, tool_calls, reasoning_details }: WireMessage): WireMessage {
  return {
    role,
    content: content ?? '',
    ...(tool_calls
      ? {
          tool_calls: tool_calls.map(({ id, type, function: { name, arguments: text } }) => ({
            id,
            type,
            function: { name, arguments: JSON.stringify(JSON.parse(text)) },
          })),
        }
      : {}),
    ...(reasoning_details ? { reasoning_details } : {}),
  };
}

export const keepDetails: Habit = eachAnswer(keptOf);

/** A client that does more to its messages than it knows of `reasoning_details`. */
export function withDetails(habit: Habit): Habit {
  return (messages, turn) => {
    const details = messages.filter(({ role }) => role === 'assistant').map(said => said.reasoning_details);
    let place = 0;
    return habit(messages, turn).map(message => {
      if (message.role !== 'assistant') return message;
      const reasoning_details = details[place];
      place += 1;
      return reasoning_details ? { ...message, reasoning_details } : message;
    });
  };
}

export const withoutDetails: Habit = eachAnswer(({ reasoning_details: _, ...message }) => message);

/** One answer and what is asked after it: results for its calls, and a question. */
export interface Asked {
  readonly client: CarrierClient;
  readonly answer: CarriedTurn;
  /** With this in the place of the answer, and in a body with this beside the messages. */
  ask(message: WireMessage, more?: object, by?: CarrierClient): Promise<CarriedTurn>;
}

/** What the pair's client was told, as it would be asked about next. */
export async function holdOne(
  pair: Pair,
  { model, native, tools, body = {}, headers = {} }: Holding,
): Promise<Asked> {
  const client = new CarrierClient(pair, headers);
  const opening = { role: 'user', content: 'What does a.txt say?' };
  const answer = await client.turn({ model, messages: [opening], tools, ...body }, native);
  const results = (answer.message.tool_calls ?? []).map(({ id }) => ({
    role: 'tool',
    tool_call_id: id,
    content: `The result of ${id}.`,
  }));
  const question = { role: 'user', content: 'And now?' };
  return {
    client,
    answer,
    ask(message, more = {}, by = client) {
      const messages = [opening, message, ...results, question];
      return by.turn({ model, messages, tools, ...body, ...more }, thanks);
    },
  };
}

const thanks: NativeMessage = { role: 'assistant', content: [{ type: 'text', text: 'Good.' }] };

interface Holding {
  readonly model: string;
  readonly native: NativeMessage;
  readonly tools: readonly object[];
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}
