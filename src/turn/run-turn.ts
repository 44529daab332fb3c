// One exchange: open → compose → call → commit. The only place that knows the order.
//
// Promises to whoever runs a turn:
// - `start()` resolves when the first output is there; until then every failure can still be a status.
// - The events end with `turn-end` only after the turn was stored.
// - A turn that fails or is given up leaves no trace; once `turn-end` was seen, the commit is finished even if
//   the client has left.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChatRequest } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import type { Message } from '../conversation/message.ts';
import { type Reply, ReplyCollector } from '../conversation/reply.ts';
import type { Repetition, Turn, TurnMark } from '../conversation/session.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { Answer } from './answer.ts';
import { type Composed, composePrompt } from './compose-prompt.ts';
import { Deadline, type DeadlineLimits } from './deadline.ts';
import type { Adjustments, ChatModel, ModelInfo, PreparedCall } from './model.ts';
import { CallNamer } from './name-calls.ts';
import { type OpenSession, openSession, type SessionState } from './open-session.ts';
import { findAnswer } from './replay-turn.ts';
import type { SessionGate } from './session-gate.ts';

export interface Caller {
  readonly owner: string;
  /** OpenAI's field `user`. */
  readonly user: string | undefined;
  readonly apiKey: string | undefined;
}

export interface TurnParts {
  readonly model: ChatModel;
  readonly store: SessionStore | undefined;
  readonly gate: SessionGate;
  readonly defaultModel: string;
  readonly limits: DeadlineLimits;
  /** A random id that starts with the prefix. */
  readonly makeId: (prefix: string) => string;
  readonly now: () => number;
  readonly log: { warn(details: object, message: string): void };
}

export interface TurnRequest {
  readonly chat: ChatRequest;
  readonly caller: Caller;
  /** Aborted when the client has left. */
  readonly client: AbortSignal;
  readonly repetition: Repetition | undefined;
}

/** @throws ProxyError for everything that can be refused before Cohere is asked. */
export async function openTurn(request: TurnRequest, parts: TurnParts): Promise<Answer> {
  const { repetition, caller, client } = request;
  const { store, gate } = parts;
  if (!repetition || !store) return openNewTurn(request, parts);
  if (repetition.source === 'client') {
    return (await findAnswer(repetition, caller, store)) ?? openNewTurn(request, parts);
  }
  // While the first request with a key runs, the second waits for its answer. No session's name holds a colon.
  const release = await gate.enter({ owner: caller.owner, user: caller.user, id: repetition.key }, client);
  try {
    const answer = await findAnswer(repetition, caller, store);
    if (!answer) return await openNewTurn(request, parts, release);
    release();
    return answer;
  } catch (error) {
    release();
    throw error;
  }
}

async function openNewTurn(
  { chat: request, caller, client, repetition }: TurnRequest,
  parts: TurnParts,
  releaseKey: () => void = () => {},
): Promise<RunningTurn> {
  const { store, gate, makeId } = parts;
  const makeSessionId = () => makeId('sess_');
  const opened = await openSession(request.session, caller, { store, gate, makeSessionId, signal: client });
  try {
    const model = request.model ?? opened.session?.model ?? parts.defaultModel;
    const info = await parts.model.lookup(model, caller.apiKey);
    if (info && !info.chat) {
      throw new ProxyError(
        'model_not_chat_capable',
        `The model \`${model}\` cannot chat, so it holds no conversations. Choose one that Cohere lists for chat.`,
        { param: 'model' },
      );
    }
    const composed = composePrompt(request, opened.session, model);
    return new RunningTurn({
      request,
      caller,
      client,
      parts,
      opened,
      composed,
      info,
      mark: repetition,
      releaseKey,
    });
  } catch (error) {
    opened.release();
    throw error;
  }
}

interface TurnOptions {
  readonly request: ChatRequest;
  readonly caller: Caller;
  readonly client: AbortSignal;
  readonly parts: TurnParts;
  readonly opened: OpenSession;
  readonly composed: Composed;
  readonly info: ModelInfo | undefined;
  readonly mark: TurnMark | undefined;
  /** Lets the next request with the same idempotency key in. */
  readonly releaseKey: () => void;
}

/** What one call is read with; a repeated call begins with a new one. */
interface Attempt {
  readonly batches: AsyncIterator<readonly TurnEvent[]>;
  readonly collector: ReplyCollector;
  readonly namer: CallNamer;
  readonly deadline: Deadline;
}

const maxRepeatDelayMs = 250;

class RunningTurn implements Answer {
  readonly state: SessionState;
  readonly model: string;
  readonly answerId: string;
  readonly createdAtMs: number;
  readonly isReplayed = false;
  readonly #options: TurnOptions;
  #call: PreparedCall;
  #attempt: Attempt | undefined;
  /** What came before and with the first output. */
  #first: readonly TurnEvent[] = [];
  #isStored: boolean;
  #reply: Reply | undefined;

  constructor(options: TurnOptions) {
    this.#options = options;
    this.state = options.opened.state;
    this.model = options.composed.prompt.model;
    this.answerId = options.parts.makeId('chatcmpl-');
    this.createdAtMs = options.parts.now();
    this.#isStored = options.opened.key !== undefined;
    this.#call = options.parts.model.prepare(options.composed.prompt, options.info);
  }

  /** Null where the turn is not stored, which may turn out as late as at its end. */
  get sessionId(): string | null {
    return this.#isStored ? (this.#options.opened.key?.id ?? null) : null;
  }

  get adjustments(): Adjustments {
    return this.#call;
  }

  /** The conversation with this turn; whole once the events have ended. */
  get messages(): readonly Message[] {
    const { system, history, added } = this.#options.composed;
    return [...system, ...history, ...added, ...(this.#reply ? [this.#reply.message] : [])];
  }

  /** Defined once the events have ended. */
  get reply(): Reply | undefined {
    return this.#reply;
  }

  /** Calls the model until there is output to show; repeats the call once where that may help. */
  async start(): Promise<void> {
    try {
      try {
        this.#first = await this.#begin();
      } catch (error) {
        const repeat = error instanceof ProxyError ? error.repeat : undefined;
        if (!repeat || this.#options.client.aborted) throw error;
        this.#attempt?.deadline.stop();
        if (repeat === 'without-tool-choice') this.#prepareWithoutToolChoice();
        else await sleep(Math.random() * maxRepeatDelayMs, undefined, { signal: this.#options.client });
        this.#first = await this.#begin();
      }
    } catch (error) {
      this.release();
      throw this.#options.client.aborted ? this.#options.client.reason : error;
    }
  }

  /** The answer, in batches as they come. To be read to its end, or left by `return`. */
  async *events(): AsyncGenerator<readonly TurnEvent[], void, void> {
    const attempt = this.#attempt;
    if (!attempt) throw new Error('events() before start()');
    try {
      let batch: readonly TurnEvent[] | undefined = this.#first;
      while (batch) {
        const isEnd: boolean = batch.at(-1)?.type === 'turn-end';
        if (isEnd) await this.#commit(attempt.collector);
        yield batch;
        batch = isEnd ? undefined : await this.#next(attempt);
      }
    } finally {
      this.release();
    }
  }

  /** Lets go of the session and of Cohere. Safe to call at any time, more than once. */
  release(): void {
    this.#options.opened.release();
    this.#options.releaseKey();
    this.#attempt?.deadline.stop();
    // A pending read ends by the client's signal; a finished one frees its connection here.
    this.#attempt?.batches.return?.().catch(() => {});
  }

  async #begin(): Promise<readonly TurnEvent[]> {
    const { parts, caller, client, composed, request } = this.#options;
    const deadline = new Deadline({ limits: parts.limits, stream: request.stream, client });
    try {
      const batches = await this.#call.send({ apiKey: caller.apiKey, signal: deadline.signal });
      const namer = new CallNamer({
        history: [...composed.history, ...composed.added],
        onlyFirst: request.parallelToolCalls === false,
        makeId: () => parts.makeId('call_'),
      });
      const attempt: Attempt = {
        batches: batches[Symbol.asyncIterator](),
        collector: new ReplyCollector(),
        namer,
        deadline,
      };
      this.#attempt = attempt;
      const held: TurnEvent[] = [];
      while (!held.some(isOutput)) {
        held.push(...(await this.#next(attempt)));
        if (held.at(-1)?.type === 'turn-end' && attempt.collector.isEmpty)
          throw emptyAnswer(attempt.collector);
      }
      return held;
    } catch (error) {
      deadline.stop();
      this.#attempt?.batches.return?.().catch(() => {});
      throw error;
    }
  }

  async #next({ batches, collector, namer, deadline }: Attempt): Promise<readonly TurnEvent[]> {
    const read = await batches.next();
    if (read.done)
      throw new ProxyError('upstream_interrupted', 'The answer from Cohere broke off before its end.');
    deadline.heard();
    const batch = namer.name(read.value);
    for (const event of batch) collector.add(event);
    return batch;
  }

  async #commit(collector: ReplyCollector): Promise<void> {
    this.#attempt?.deadline.stop();
    if (collector.isEmpty) throw emptyAnswer(collector);
    const cut = collector.cutCall;
    if (cut !== undefined) {
      throw new ProxyError(
        'upstream_invalid_response',
        `The output limit was reached within a call of the tool \`${cut}\`. Allow more output tokens.`,
        { param: 'max_tokens' },
      );
    }
    const reply = collector.reply();
    if (!reply) throw new Error('commit before turn-end');
    this.#reply = reply;
    const { opened, parts } = this.#options;
    if (!opened.key || !parts.store) return;
    try {
      const expectedVersion = opened.session?.version ?? 0;
      const appended = await parts.store.append(opened.key, this.#turn(reply), { expectedVersion });
      if (appended.status === 'conflict') {
        throw new ProxyError('session_conflict', 'The session was changed or deleted while this turn ran.', {
          param: 'sessionId',
        });
      }
    } catch (error) {
      // A transcript is complete without us: its sender loses nothing and gets the answer.
      if (opened.isNeeded) throw error;
      this.#isStored = false;
      parts.log.warn({ err: error }, 'a transcript could not be stored; it was answered all the same');
    }
  }

  #turn(reply: Reply): Turn {
    const { composed, parts, request, mark } = this.#options;
    return {
      id: parts.makeId('turn_'),
      model: this.model,
      dialect: request.session.dialect,
      system: composed.system,
      tools: composed.tools,
      keep: composed.history.length,
      added: composed.added,
      reply,
      answerId: this.answerId,
      createdAtMs: this.createdAtMs,
      ...(mark ? { mark } : {}),
    };
  }

  #prepareWithoutToolChoice(): void {
    const { parts, composed, info } = this.#options;
    const call = parts.model.prepare({ ...composed.prompt, toolChoice: 'auto' }, info);
    this.#call = call.dropped.includes('tool_choice')
      ? call
      : {
          dropped: [...call.dropped, 'tool_choice'],
          clamped: call.clamped,
          send: options => call.send(options),
        };
  }
}

function isOutput(event: TurnEvent): boolean {
  return event.type !== 'turn-start';
}

function emptyAnswer(collector: ReplyCollector): ProxyError {
  return collector.reply()?.finishReason === 'length'
    ? new ProxyError(
        'upstream_invalid_response',
        'The output limit was reached before the answer began. Allow more output tokens, or less reasoning.',
        { param: 'max_tokens' },
      )
    : new ProxyError(
        'upstream_invalid_response',
        'Cohere gave an answer without text and without a tool call.',
        {
          repeat: 'as-is',
        },
      );
}
