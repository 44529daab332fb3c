// What a client learns of one request, in one shape for whole answers, streams and refusals; and the promises about
// failures that hold for all of them.
import { expect } from 'vitest';
import { parseFrames } from './read-sse.ts';
import type { Pair } from './start.ts';
import type { Step } from './upstream-script.ts';

interface ErrorFields {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
}

export interface Outcome {
  readonly status: number;
  readonly headers: Headers;
  /** All that came, as text. */
  readonly raw: string;
  readonly error: ErrorFields | undefined;
  readonly text: string;
  readonly finishReasons: readonly string[];
  readonly isDone: boolean;
  /** The connection broke before the body's end. */
  readonly isBroken: boolean;
  readonly sessionId: string | undefined;
  readonly toolCalls: readonly ToolCallFields[];
  readonly usage: unknown;
  readonly messages: readonly MessageFields[] | undefined;
}

interface ToolCallFields {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface MessageFields {
  readonly role: string;
  readonly content: unknown;
}

interface WireCall {
  readonly index?: number;
  readonly id?: string;
  readonly function?: { readonly name?: string; readonly arguments?: string };
}

interface WireMessage {
  readonly content?: string | null;
  readonly tool_calls?: readonly WireCall[];
}

interface WireFrame {
  readonly error?: ErrorFields;
  readonly choices?: readonly {
    readonly delta?: WireMessage;
    readonly message?: WireMessage;
    readonly finish_reason?: string | null;
  }[];
  readonly sessionId?: string;
  readonly usage?: unknown;
  readonly messages?: readonly MessageFields[];
}

export async function readOutcome(response: Response): Promise<Outcome> {
  const decoder = new TextDecoder();
  let raw = '';
  let isBroken = false;
  try {
    for await (const chunk of response.body ?? []) raw += decoder.decode(chunk, { stream: true });
  } catch {
    isBroken = true;
  }
  const { status, headers } = response;
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  const { frames, isDone } = isStream ? parseFrames(raw) : { frames: [JSON.parse(raw)], isDone: false };
  return { status, headers, raw, isDone, isBroken, ...collect(frames as WireFrame[]) };
}

function collect(frames: readonly WireFrame[]) {
  const calls = new Map<number, { id: string; name: string; arguments: string }>();
  const finishReasons: string[] = [];
  let text = '';
  let sessionId: string | undefined;
  let usage: unknown;
  let messages: readonly MessageFields[] | undefined;
  for (const frame of frames) {
    sessionId = frame.sessionId ?? sessionId;
    usage = frame.usage ?? usage;
    messages = frame.messages ?? messages;
    for (const { delta, message, finish_reason } of frame.choices ?? []) {
      const said = delta ?? message;
      text += said?.content ?? '';
      for (const [at, call] of (said?.tool_calls ?? []).entries()) {
        const index = call.index ?? at;
        const known = calls.get(index) ?? { id: '', name: '', arguments: '' };
        known.id += call.id ?? '';
        known.name += call.function?.name ?? '';
        known.arguments += call.function?.arguments ?? '';
        calls.set(index, known);
      }
      if (finish_reason) finishReasons.push(finish_reason);
    }
  }
  const error = frames.find(frame => frame.error)?.error;
  return { error, text, finishReasons, sessionId, usage, messages, toolCalls: [...calls.values()] };
}

/** I10: the shape of every failure, as a body and as the last frame of a stream. */
export function expectErrorShape({ error, raw }: Pick<Outcome, 'error' | 'raw'>): void {
  expect(error, raw).toEqual({
    message: expect.stringMatching(/./),
    type: expect.stringMatching(/_error$|^insufficient_quota$/),
    param: expect.toSatisfy(param => param === null || typeof param === 'string'),
    code: expect.stringMatching(/^[a-z_]+$/),
    ...(error && 'details' in error ? { details: expect.any(Object) } : {}),
  });
}

/** I6: nothing in it could be taken for an answer's end. */
export function expectFailed(outcome: Outcome, code: string, status?: number): void {
  expect(
    { code: outcome.error?.code, done: outcome.isDone, ends: outcome.finishReasons },
    outcome.raw,
  ).toEqual({
    code,
    done: false,
    ends: [],
  });
  expectErrorShape(outcome);
  if (status !== undefined) expect(outcome.status, outcome.raw).toBe(status);
  // An error frame in an opened stream; then the body must not end cleanly either.
  if (outcome.status === 200) expect(outcome.isBroken).toBe(true);
}

export function expectAnswered(outcome: Outcome, text?: string): void {
  expect({ status: outcome.status, error: outcome.error }, outcome.raw).toEqual({
    status: 200,
    error: undefined,
  });
  expect(outcome.finishReasons).toHaveLength(1);
  expect(outcome.isBroken).toBe(false);
  if (text !== undefined) expect(outcome.text).toBe(text);
}

export async function ask(pair: Pair, body: object, headers: Record<string, string> = {}): Promise<Outcome> {
  return readOutcome(await pair.post(body, { headers }));
}

/** A stored session as its owner sees it; undefined where there is none. */
export async function readSession(
  pair: Pair,
  id: string,
  headers: Record<string, string> = {},
): Promise<{ readonly messages: readonly MessageFields[] } | undefined> {
  const response = await pair.send('GET', `/v1/sessions/${id}`, { headers });
  if (response.status === 404) {
    await response.arrayBuffer();
    return undefined;
  }
  expect(response.status).toBe(200);
  return JSON.parse(await response.text());
}

export interface Fault {
  readonly outcome: Outcome;
  /** Calls of Cohere for the faulty turn. */
  readonly attempts: number;
}

/**
 * One turn of a session meets a fault; I4 is checked around it: what was stored before is untouched, and the next
 * turn succeeds at once. The scripts are for the first, second … call of the faulty turn.
 */
export async function meetFault(
  pair: Pair,
  scripts: readonly (readonly Step[])[],
  body: object = {},
): Promise<Fault> {
  const { fake } = pair;
  const sessionId = `fault-${fake.chatRequests.length}`;
  fake.replyJson(goodAnswer('first'));
  expectAnswered(await ask(pair, { sessionId, message: 'one' }), 'first');
  const before = await readSession(pair, sessionId);
  const calls = fake.chatRequests.length;

  for (const steps of scripts) fake.script(...steps);
  const outcome = await ask(pair, { sessionId, message: 'two', ...body });
  const attempts = fake.chatRequests.length - calls;
  expect(attempts, 'U30: no more than two calls for a request').toBeLessThanOrEqual(2);
  if (outcome.error) {
    expect(await readSession(pair, sessionId), 'I4').toEqual(before);
    expect(fake.pendingScripts, 'scripts that nobody asked for').toBe(0);
    fake.replyJson(goodAnswer('third'));
    expectAnswered(await ask(pair, { sessionId, message: 'three' }), 'third');
    expect((await readSession(pair, sessionId))?.messages.map(({ content }) => content)).toEqual([
      'one',
      'first',
      'three',
      'third',
    ]);
  }
  return { outcome, attempts };
}

export function goodAnswer(text: string): object {
  return {
    id: 'resp',
    message: { role: 'assistant', content: [{ type: 'text', text }] },
    finish_reason: 'COMPLETE',
    usage: { tokens: { input_tokens: 5, output_tokens: 1 } },
  };
}
