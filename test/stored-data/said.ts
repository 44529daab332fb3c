// What was said when the stored data were made: enough to go on with each conversation as its client would, and to
// know what has to come out of the store.
import type { NativeMessage } from '../clients/native-answer.ts';

/** Who asks: a proxy key's name, `local` without a key, `guest` with a Cohere key of its own. */
export type Asker = 'ada' | 'ben' | 'local' | 'guest';

export interface SaidConversation {
  readonly name: string;
  readonly owner: Asker;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: string;
  readonly model: string;
  /** What Cohere answered, turn by turn. */
  readonly natives: readonly NativeMessage[];
  /** The request that its client would send next. */
  readonly next: Readonly<Record<string, unknown>>;
}

export interface SaidMark {
  readonly owner: Asker;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly sessionId: string;
  /** The text, word for word. */
  readonly answer: string;
}

/** All that an owner can see of its sessions, as it was at the end. */
export interface SaidSeen {
  readonly owner: Asker;
  readonly path: string;
  readonly answer: string;
}

export interface Said {
  /** By the clock of whoever made it. */
  readonly madeAtMs: number;
  readonly conversations: SaidConversation[];
  readonly marks: SaidMark[];
  readonly expired: { readonly owner: Asker; readonly id: string }[];
  readonly seen: SaidSeen[];
}
