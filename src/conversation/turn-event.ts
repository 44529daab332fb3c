// The neutral stream: what a model's answer is made of, in the order in which it comes.
// Streams are async iterables of batches: one batch is what one read from the network brought.
import type { Citation } from './message.ts';

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'error' | 'other';

export interface Usage {
  /** What the model saw, hidden prompt included. */
  readonly inputTokens: number;
  /** `inputTokens` is what is paid: what the model saw was not told. */
  readonly isBilledOnly?: boolean;
  readonly outputTokens: number;
  /** Part of `inputTokens`. */
  readonly cachedTokens?: number;
  /** Not part of `inputTokens` (seen in recorded traffic). */
  readonly imageTokens?: number;
  /** What is paid. */
  readonly billed?: { readonly inputTokens?: number; readonly outputTokens?: number };
}

export interface Logprob {
  readonly text: string;
  readonly logprob: number;
}

export type TurnEvent =
  | { readonly type: 'turn-start'; readonly responseId?: string }
  | {
      readonly type: 'text-delta';
      readonly index: number;
      readonly text: string;
      readonly logprobs?: readonly Logprob[];
    }
  | { readonly type: 'reasoning-delta'; readonly index: number; readonly text: string }
  | { readonly type: 'tool-plan-delta'; readonly text: string }
  | {
      readonly type: 'tool-call-start';
      readonly index: number;
      readonly id: string;
      readonly nativeId?: string;
      readonly name: string;
    }
  | { readonly type: 'tool-call-delta'; readonly index: number; readonly arguments: string }
  | { readonly type: 'tool-call-end'; readonly index: number }
  | { readonly type: 'citation'; readonly citation: Citation }
  | {
      readonly type: 'turn-end';
      readonly finishReason: FinishReason;
      /** Cohere's own word. */
      readonly rawFinishReason: string;
      /** It ended where the request said that it should, which may be before anything was said. */
      readonly mayBeEmpty?: true;
      /** Absent where Cohere gave none. */
      readonly usage?: Usage;
    };

export type TurnEventBatches = AsyncIterable<readonly TurnEvent[]>;
