// What a door needs of a turn, whether its answer is being made or was stored before.
import type { Adjustments } from '../conversation/adjustments.ts';
import type { Message } from '../conversation/message.ts';
import type { Reply } from '../conversation/reply.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import type { SessionState } from './open-session.ts';

export interface Answer {
  readonly state: SessionState;
  readonly model: string;
  readonly answerId: string;
  readonly createdAtMs: number;
  /** The request came again and is answered from the store. */
  readonly isReplayed: boolean;
  /** Null where the turn is not stored, which may turn out as late as at its end. */
  readonly sessionId: string | null;
  readonly adjustments: Adjustments;
  /** How many messages the model was not given, and how many tool results only in short. */
  readonly truncated: { readonly leftOut: number; readonly shortened: number };
  /** The conversation with this turn; whole once the events have ended. */
  readonly messages: readonly Message[];
  /** Defined once the events have ended. */
  readonly reply: Reply | undefined;
  /** Where the turn is not stored: its native answer, sealed, for the client to bring back. Defined as `reply` is. */
  readonly carrier: string | undefined;
  /** Resolves when there is output to show. Until then every failure can still be a status. */
  start(): Promise<void>;
  /** In batches as they come, with `turn-end` last. To be read to the end, or left by `return`. */
  events(): AsyncIterable<readonly TurnEvent[]>;
  /** Lets go of everything. Safe to call at any time, more than once. */
  release(): void;
}
