// A request that comes again gets the answer that was stored, not another one: with the same `Idempotency-Key`, or
// when the official client says that it repeats (it does so by itself after a cut connection).
import { noAdjustments } from '../conversation/adjustments.ts';
import { type Message, textOf } from '../conversation/message.ts';
import { keyReused } from '../conversation/repeated-key.ts';
import type { Reply } from '../conversation/reply.ts';
import type { Space, TurnMark } from '../conversation/session.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import type { Recalled, SessionStore } from '../store/session-store.ts';
import type { Answer } from './answer.ts';
import type { LatestAttempts } from './latest-attempts.ts';
import type { SessionState } from './open-session.ts';

/** @throws ProxyError `idempotency_key_reused` where the key belongs to another request. */
export async function findAnswer(
  mark: TurnMark,
  space: Space,
  store: SessionStore,
): Promise<Answer | undefined> {
  const recalled = await store.recall(space, mark.key);
  if (!recalled) return undefined;
  if (recalled.turn.mark?.fingerprint !== mark.fingerprint) throw keyReused();
  return new ReplayedTurn(recalled);
}

interface LastAnswerParts {
  readonly sessionId: string | undefined;
  readonly space: Space;
  readonly store: SessionStore;
  readonly attempts: LatestAttempts;
}

/**
 * For a client that says of itself that it repeats: without a key only the last turn of the session that it names can be
 * meant, and not where the same words have been tried again since. Another session may have been sent the very same body.
 */
export async function findLastAnswer(
  mark: TurnMark,
  { sessionId, space, store, attempts }: LastAnswerParts,
): Promise<Answer | undefined> {
  const recalled = await store.recall(space, mark.key);
  if (!recalled || recalled.version !== recalled.session.version) return undefined;
  if (!attempts.isOf(mark, space, sessionId, recalled.turn.id)) return undefined;
  return recalled.session.key.id === sessionId ? new ReplayedTurn(recalled) : undefined;
}

class ReplayedTurn implements Answer {
  readonly isReplayed = true;
  readonly carrier = undefined;
  readonly adjustments = noAdjustments;
  readonly truncated = { leftOut: 0, shortened: 0 };
  readonly #recalled: Recalled;

  constructor(recalled: Recalled) {
    this.#recalled = recalled;
  }

  /** As it was said the first time. */
  get state(): SessionState {
    const { version, session } = this.#recalled;
    if (version > 1) return 'continued';
    return session.parentId === undefined ? 'new' : 'forked';
  }

  get model(): string {
    return this.#recalled.turn.model;
  }

  get answerId(): string {
    return this.#recalled.turn.answerId;
  }

  get createdAtMs(): number {
    return this.#recalled.turn.createdAtMs;
  }

  get sessionId(): string {
    return this.#recalled.session.key.id;
  }

  get messages(): readonly Message[] {
    const { turn, session } = this.#recalled;
    return [...turn.system, ...session.messages.slice(0, turn.keep), ...turn.added, turn.reply.message];
  }

  get reply(): Reply {
    return this.#recalled.turn.reply;
  }

  async start(): Promise<void> {}

  async *events(): AsyncGenerator<readonly TurnEvent[]> {
    yield eventsOf(this.reply);
  }

  release(): void {}
}

/** The stored answer as a stream: each block and each call in one piece. */
function eventsOf(reply: Reply): TurnEvent[] {
  const { responseId, message, finishReason, rawFinishReason, usage, logprobs } = reply;
  const events: TurnEvent[] = [{ type: 'turn-start', ...(responseId === undefined ? {} : { responseId }) }];
  if (message.toolPlan !== undefined) events.push({ type: 'tool-plan-delta', text: message.toolPlan });
  const parts =
    typeof message.content === 'string'
      ? [{ type: 'text' as const, text: textOf(message) }]
      : (message.content ?? []);
  let restLogprobs = logprobs;
  for (const [index, { type, text }] of parts.entries()) {
    if (type === 'reasoning') {
      events.push({ type: 'reasoning-delta', index, text });
    } else {
      events.push({ type: 'text-delta', index, text, ...(restLogprobs ? { logprobs: restLogprobs } : {}) });
      restLogprobs = undefined;
    }
  }
  for (const [index, call] of (message.toolCalls ?? []).entries()) {
    const { id, name, arguments: text } = call;
    events.push({ type: 'tool-call-start', index, id, name });
    events.push({ type: 'tool-call-delta', index, arguments: text });
    events.push({ type: 'tool-call-end', index });
  }
  for (const citation of message.citations ?? []) events.push({ type: 'citation', citation });
  events.push({ type: 'turn-end', finishReason, rawFinishReason, ...(usage ? { usage } : {}) });
  return events;
}
