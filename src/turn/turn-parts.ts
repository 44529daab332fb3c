// What every turn is made with, and what one turn is about.
import type { ChatRequest } from '../conversation/chat-request.ts';
import type { Repetition, Space } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import type { DeadlineLimits } from './deadline.ts';
import type { KnownTools } from './known-tools.ts';
import type { LatestAttempts } from './latest-attempts.ts';
import type { Leases } from './leases.ts';
import type { ChatModel, PromptMeter } from './model.ts';
import type { Seal } from './native-messages.ts';
import type { RefusedImages } from './refused-images.ts';
import type { SessionGate } from './session-gate.ts';

export interface Caller {
  readonly owner: string;
  /** OpenAI's field `user`. */
  readonly user: string | undefined;
  readonly apiKey: string | undefined;
}

/** The store need not know the caller's key. */
export function spaceOf({ owner, user }: Caller): Space {
  return { owner, user };
}

export interface TurnParts {
  readonly model: ChatModel;
  readonly meter: PromptMeter;
  readonly store: SessionStore | undefined;
  readonly gate: SessionGate;
  readonly leases: Leases;
  readonly attempts: LatestAttempts;
  readonly tools: KnownTools;
  readonly refusedImages: RefusedImages;
  readonly seal: Seal;
  readonly defaultModel: string;
  readonly limits: DeadlineLimits;
  /** A random id that starts with the prefix. */
  readonly makeId: (prefix: string) => string;
  /** Of a tool call, as clients see it. */
  readonly makeCallId: () => string;
  readonly now: () => number;
  readonly log: {
    warn(details: object, message: string): void;
    debug(details: object, message: string): void;
  };
}

export interface TurnRequest {
  readonly chat: ChatRequest;
  readonly caller: Caller;
  /** Aborted when the client has left. */
  readonly client: AbortSignal;
  readonly repetition: Repetition | undefined;
}
