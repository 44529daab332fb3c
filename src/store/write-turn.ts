// Turns → what is stored of them, and records → what they say.
import { digestOf } from '../conversation/digest.ts';
import { isMessage } from '../conversation/is-message.ts';
import type { Message, SystemMessage } from '../conversation/message.ts';
import type { RememberedCut } from '../conversation/remembered-cuts.ts';
import type { Session, SessionKey, Turn } from '../conversation/session.ts';
import type { Cut } from '../conversation/truncate.ts';
import { hintsOf } from './hint-names.ts';
import type { RecalledRecord, SessionRecord, TextToHold, TurnRecord } from './records.ts';
import type { AnsweredTurn } from './session-store.ts';
import { corrupt, readJson, type SharedLists } from './stored-text.ts';

interface WriteTurnOptions extends Pick<TurnRecord, 'keep' | 'messages' | 'shared' | 'isTooLarge'> {
  /** The session as it stands; undefined where the turn begins it. */
  readonly before: SessionRecord | undefined;
  readonly lists: SharedLists;
  readonly limits: { readonly sessionIdleMs: number; readonly transcriptIdleMs: number };
}

/** What a turn without its messages is kept as, for when its request comes again. */
type MarkedTurn = Omit<AnsweredTurn, 'system' | 'added' | 'reply'> & {
  readonly reply: Omit<AnsweredTurn['reply'], 'message'>;
};

export function writeTurn(
  key: SessionKey,
  turn: Turn,
  { before, lists, limits, ...more }: WriteTurnOptions,
): TurnRecord {
  const { id, model, dialect, label, cuts, parent, leftBehindId, idleMs, mark, reply } = turn;
  const toHold = (list: readonly unknown[], held: string | undefined): TextToHold => {
    const text = lists.write(list);
    return text.digest === held ? { digest: text.digest } : text;
  };
  // Its client may go on in other words, so that nobody comes back to it.
  const isOnce = !before && dialect === 'transcript' && reply !== undefined && !turn.isNamed;
  return {
    ...more,
    id,
    model,
    dialect,
    label,
    system: toHold(turn.system, before?.system),
    systemLength: turn.system.length,
    tools: toHold(turn.tools, before?.tools),
    cuts: cuts?.length ? JSON.stringify(cuts) : undefined,
    parent: parent && { id: parent.id, rootId: parent.rootId },
    leftBehindId,
    hints: hintsOf(key, turn).map(digestOf),
    mark: mark && reply && { ...mark, turn: writeMarked({ ...turn, reply }) },
    idleMs,
    livesMs: isOnce ? Math.min(limits.sessionIdleMs, limits.transcriptIdleMs) : limits.sessionIdleMs,
  };
}

/** Nobody asks an old answer for its tools, or for what its session branched off from. */
function writeMarked({
  reply,
  system: _system,
  added: _added,
  parent: _parent,
  cuts: _cuts,
  ...turn
}: AnsweredTurn): string {
  const { message: _message, ...rest } = reply;
  const marked: MarkedTurn = { ...turn, tools: [], reply: rest };
  return JSON.stringify(marked);
}

/** @throws ProxyError `store_corrupt` */
export function readMarked({ turn, system }: RecalledRecord, said: readonly Message[]): AnsweredTurn {
  const marked = readJson(turn);
  const systems = readJson(system);
  const message = said.at(-1);
  if (message?.role !== 'assistant' || !isMarked(marked)) throw corrupt();
  if (!Array.isArray(systems) || !systems.every(isMessage)) throw corrupt();
  return {
    ...marked,
    system: systems as readonly SystemMessage[],
    added: said.slice(0, -1),
    reply: { ...marked.reply, message },
  };
}

function isMarked(value: unknown): value is MarkedTurn {
  const { id, reply } = Object(value) as Partial<Record<keyof MarkedTurn, unknown>>;
  const { finishReason } = Object(reply) as Partial<Record<keyof MarkedTurn['reply'], unknown>>;
  return typeof id === 'string' && typeof finishReason === 'string';
}

/** @throws ProxyError `store_corrupt` */
export function readCuts({ cuts, model }: SessionRecord): readonly RememberedCut[] | undefined {
  if (cuts === undefined) return undefined;
  const read = readJson(cuts);
  // Version 0.1 kept the last turn's alone.
  if (isCut(read)) return [{ model, cut: read }];
  if (Array.isArray(read) && read.every(one => isCut(one?.cut))) return read;
  throw corrupt();
}

function isCut(value: unknown): value is Cut {
  const { leftOut, shortened } = Object(value) as Partial<Record<keyof Cut, unknown>>;
  return Array.isArray(leftOut) && leftOut.every(Array.isArray) && Object(shortened) === shortened;
}

export function sessionOf(
  record: SessionRecord,
  held: Pick<Session, 'key' | 'system' | 'tools' | 'cuts' | 'messages'>,
): Session {
  const { version, createdAtMs, updatedAtMs, expiresAtMs, idleMs } = record;
  const { model, dialect, label, parentId, rootId } = record;
  const times = { createdAtMs, updatedAtMs, expiresAtMs, idleMs };
  return { ...held, version, ...times, model, dialect, label, parentId, rootId };
}
