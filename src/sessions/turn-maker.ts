// What a session begins with that nobody was asked for: a branch, or one that was brought from elsewhere.
import type { History } from '../conversation/history.ts';
import type { Message, SystemMessage } from '../conversation/message.ts';
import type { Session, Turn } from '../conversation/session.ts';
import { inSlices, type Slices } from '../streams/slices.ts';

export interface TurnMaker {
  /** A random id that starts with the prefix. */
  readonly id: (prefix: string) => string;
  /** By what a transcript finds a session that holds `history` and then `said`. */
  readonly anchors: (session: Omit<AnchoredTurn, 'atMs'>) => readonly string[] | Promise<readonly string[]>;
  readonly turn: (session: Begun) => Pick<Turn, keyof Begun | 'id' | 'answerId' | 'createdAtMs'>;
}

/** What `turn/anchors-left.ts` needs to know. */
interface AnchoredTurn {
  readonly history: History;
  readonly said: readonly Message[];
  readonly isNew: boolean;
  readonly label: string | undefined;
  readonly system: readonly SystemMessage[];
  readonly atMs: number;
}

type Begun = Pick<Session, 'model' | 'dialect' | 'label' | 'tools' | 'idleMs'>;

export interface TurnMakerOptions {
  readonly makeId: TurnMaker['id'];
  readonly anchorsLeftBy: (turn: AnchoredTurn) => Slices<readonly string[]>;
  readonly now: () => number;
}

export function createTurnMaker({ makeId, anchorsLeftBy, now }: TurnMakerOptions): TurnMaker {
  return {
    id: makeId,
    anchors: session => inSlices(anchorsLeftBy({ ...session, atMs: now() })),
    turn: ({ model, dialect, label, tools, idleMs }) => ({
      id: makeId('turn_'),
      answerId: makeId('chatcmpl-'),
      createdAtMs: now(),
      model,
      dialect,
      label,
      tools,
      idleMs,
    }),
  };
}
