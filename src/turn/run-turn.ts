// One exchange: fit → call → commit. The only place that knows the order.
//
// Promises to whoever runs a turn:
// - `start()` resolves when the first output is there; until then every failure can still be a status.
// - The events end with `turn-end` only after the turn was stored.
// - A turn that fails or is given up leaves no trace; once `turn-end` was seen, the commit is finished even if
//   the client has left.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Adjustments, joinAdjustments, noAdjustments } from '../conversation/adjustments.ts';
import type { ChatRequest } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { imagesMeant } from '../conversation/fit-images.ts';
import type { AssistantMessage, Message } from '../conversation/message.ts';
import { type NativeCallIds, renameSources } from '../conversation/native-call-ids.ts';
import { type Reply, ReplyCollector } from '../conversation/reply.ts';
import type { Turn, TurnMark } from '../conversation/session.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { inSlices } from '../streams/slices.ts';
import { anchorsLeftBy } from './anchors-left.ts';
import type { Answer } from './answer.ts';
import type { Composed } from './compose-prompt.ts';
import { Deadline } from './deadline.ts';
import { type Fitted, fitPrompt } from './fit-prompt.ts';
import type { Measured, ModelInfo, PreparedCall } from './model.ts';
import { CallNamer } from './name-calls.ts';
import type { OpenSession, SessionState } from './open-session.ts';
import type { Caller, TurnParts } from './turn-parts.ts';

export interface TurnOptions {
  readonly id: string;
  readonly request: ChatRequest;
  readonly caller: Caller;
  readonly client: AbortSignal;
  readonly parts: TurnParts;
  readonly opened: OpenSession;
  readonly composed: Composed;
  readonly info: ModelInfo | undefined;
  readonly measured: Measured;
  readonly mark: TurnMark | undefined;
  /** Lets the session's next turn in, and the next request with the same idempotency key. */
  readonly release: () => void;
}

/** What one call is read with; a repeated call begins with a new one. */
interface Attempt {
  readonly batches: AsyncIterator<readonly TurnEvent[]>;
  readonly collector: ReplyCollector;
  readonly namer: CallNamer;
  readonly deadline: Deadline;
}

const maxRepeatDelayMs = 250;

export class RunningTurn implements Answer {
  readonly state: SessionState;
  readonly model: string;
  readonly answerId: string;
  readonly createdAtMs: number;
  readonly isReplayed = false;
  readonly #options: TurnOptions;
  #info: ModelInfo | undefined;
  #measured: Measured;
  #fitted: Fitted;
  #call: PreparedCall;
  #attempt: Attempt | undefined;
  /** As Cohere was told them. */
  #callIds: NativeCallIds | undefined;
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
    this.#isStored = options.opened.append !== undefined;
    this.#info = options.info;
    this.#measured = options.measured;
    this.#fitted = this.#fit();
    this.#call = options.parts.model.prepare(this.#fitted.prompt, options.info);
  }

  /** Null where the turn is not stored, which may turn out as late as at its end. */
  get sessionId(): string | null {
    return this.#isStored ? (this.#options.opened.key?.id ?? null) : null;
  }

  get adjustments(): Adjustments {
    return joinAdjustments(this.#call, { ...noAdjustments, dropped: this.#fitted.images });
  }

  get truncated(): Answer['truncated'] {
    return this.#fitted;
  }

  /** The conversation with this turn; whole once the events have ended. */
  get messages(): readonly Message[] {
    const { system, history, added } = this.#options.composed;
    return [...system, ...history, ...added, ...(this.#reply ? [this.#reply.message] : [])];
  }

  get carrier(): string | undefined {
    const { parts, caller } = this.#options;
    if (this.#isStored || !this.#reply || isPlain(this.#reply.message)) return undefined;
    return parts.seal.seal(this.#reply.message, caller);
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
        if (typeof repeat === 'object')
          this.#call = this.#options.parts.model.prepare(this.#fitted.prompt, this.#info, repeat.without);
        else if (repeat === 'without-images') this.#prepareWithoutImages(error as ProxyError);
        else if (repeat === 'shorter') this.#prepareShorter(error as ProxyError);
        else await sleep(Math.random() * maxRepeatDelayMs, undefined, { signal: this.#options.client });
        this.#first = await this.#begin().catch(giveUp);
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
        yield isEnd ? this.#withReason(batch) : batch;
        batch = isEnd ? undefined : await this.#next(attempt);
      }
    } finally {
      this.release();
    }
  }

  /** Lets go of the session and of Cohere. Safe to call at any time, more than once. */
  release(): void {
    this.#options.release();
    this.#attempt?.deadline.stop();
    // A pending read ends by the client's signal; a finished one frees its connection here.
    this.#attempt?.batches.return?.().catch(() => {});
  }

  async #begin(): Promise<readonly TurnEvent[]> {
    const { parts, caller, client, request } = this.#options;
    const deadline = new Deadline({ limits: parts.limits, stream: request.stream, client });
    try {
      const batches = await this.#call.send({ apiKey: caller.apiKey, signal: deadline.signal });
      const namer = new CallNamer({
        onlyFirst: request.parallelToolCalls === false,
        makeId: parts.makeCallId,
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
        for (const event of await this.#next(attempt)) held.push(event);
        if (held.at(-1)?.type === 'turn-end' && attempt.collector.isEmpty) throw emptyAnswer();
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
    const batch = namer.name(read.value).map(event => this.#nameSources(event));
    for (const event of batch) collector.add(event);
    return batch;
  }

  /** Citations name calls as the client knows them. */
  #nameSources(event: TurnEvent): TurnEvent {
    if (event.type !== 'citation') return event;
    this.#callIds ??= this.#fitted.prompt.messages.callIds();
    const callIds = this.#callIds;
    return { ...event, citation: renameSources(event.citation, id => callIds.toClient(id)) };
  }

  async #commit(collector: ReplyCollector): Promise<void> {
    this.#attempt?.deadline.stop();
    if (collector.isEmpty) throw emptyAnswer();
    const collected = collector.reply();
    if (!collected) throw new Error('commit before turn-end');
    const reply: Reply = { ...collected, message: { ...collected.message, origin: 'reply' } };
    this.#reply = reply;
    if (reply.usage && !reply.usage.isBilledOnly)
      this.#measured.learn(this.#fitted.prompt.messages, reply.usage.inputTokens, 'answer');
    const { opened, parts } = this.#options;
    if (!opened.append) return;
    try {
      const appended = await opened.append(await this.#turn(reply));
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

  /** An answer with a call that was cut ends as one that was cut, whatever Cohere called it. */
  #withReason(batch: readonly TurnEvent[]): readonly TurnEvent[] {
    const finishReason = this.#reply?.finishReason;
    if (finishReason === undefined) return batch;
    return batch.map(event => (event.type === 'turn-end' ? { ...event, finishReason } : event));
  }

  async #turn(reply: Reply): Promise<Turn> {
    const { id, composed, request, mark, opened } = this.#options;
    const { system, history, added } = composed;
    const label = request.session.label ?? opened.continuation.session?.label;
    const said = [...added, reply.message];
    const isNew = opened.state !== 'continued' || isUntouchedFork(opened);
    const anchored = { history, said, isNew, label, system, atMs: this.createdAtMs };
    return {
      id,
      model: this.model,
      dialect: request.session.dialect,
      system,
      tools: composed.tools,
      // Of other words than are stored, a cut says nothing.
      cuts: opened.continuation.told ? undefined : this.#fitted.cuts,
      keep: history.length,
      ...(opened.version === 0 ? { parent: opened.continuation.parent } : {}),
      leftBehindId: opened.leftBehindId,
      label,
      isNamed: request.session.id !== undefined && request.session.id === opened.key?.id,
      anchors: await inSlices(anchorsLeftBy(anchored)),
      added,
      reply,
      answerId: this.answerId,
      createdAtMs: this.createdAtMs,
      ...(mark ? { mark } : {}),
    };
  }

  #fit(usualBudget?: number): Fitted {
    const { request, composed, opened, parts } = this.#options;
    return fitPrompt(composed.prompt, {
      measured: this.#measured,
      info: this.#info,
      cuts: opened.continuation.cuts,
      truncation: request.truncation ?? 'auto',
      usualBudget,
      wordsInResults: request.wordsInResults,
      isRefusedImage: url => parts.refusedImages.has(url),
    });
  }

  /** What could not be read is left out, now and on later turns. */
  #prepareWithoutImages(error: ProxyError): void {
    const { parts } = this.#options;
    const urls = imagesMeant(this.#fitted.prompt.messages, error.message);
    if (urls.length === 0) throw error;
    parts.refusedImages.add(urls);
    this.#fitted = this.#fit();
    this.#call = parts.model.prepare(this.#fitted.prompt, this.#info);
  }

  /** Cohere counted more than we did: its figures are believed, and the prompt is cut again. */
  #prepareShorter(error: ProxyError): void {
    const { request, composed, parts } = this.#options;
    const { limit, tokens } = error.details ?? {};
    if (typeof limit !== 'number' || typeof tokens !== 'number' || request.truncation === 'disabled')
      throw error;
    const { prompt, budget } = this.#fitted;
    const { model, messages } = prompt;
    this.#measured.learn(messages, tokens, 'refusal');
    this.#info = { name: model, chat: true, ...this.#info, contextLength: limit };
    this.#measured = parts.meter.measure(composed.prompt, this.#info);
    this.#fitted = this.#fit(budget);
    // Nothing more could be cut: asking again would be refused again.
    if (this.#measured.total(this.#fitted.prompt.messages) >= this.#measured.total(messages)) throw error;
    this.#call = parts.model.prepare(this.#fitted.prompt, this.#info);
  }
}

/** A branch that was made without a turn has left no anchors. */
function isUntouchedFork({ version, continuation }: OpenSession): boolean {
  return version === 1 && continuation.session?.parentId !== undefined;
}

/** Clients bring all of it back by themselves. */
function isPlain({ content, toolPlan, toolCalls, cutCalls, citations }: AssistantMessage): boolean {
  if (typeof content !== 'string' || toolPlan !== undefined) return false;
  return !toolCalls?.length && !cutCalls?.length && !citations?.length;
}

function isOutput(event: TurnEvent): boolean {
  return event.type !== 'turn-start';
}

function emptyAnswer(): ProxyError {
  return new ProxyError(
    'upstream_invalid_response',
    'Cohere gave an answer without text and without a tool call.',
    { repeat: 'as-is' },
  );
}

/** Retries live in one layer: what we have repeated ourselves the client need not repeat at once. */
function giveUp(error: unknown): never {
  if (error instanceof ProxyError && error.repeat === 'as-is') throw error.with({ shouldRetry: false });
  throw error;
}
