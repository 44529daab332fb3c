// One turn, whole (R2 to R5). Whoever calls undoes everything where it throws.
import type { SessionKey } from '../../conversation/session.ts';
import { ownerFull } from '../owner-full.ts';
import type {
  AppendRecordOptions,
  AppendRecordResult,
  OwnerRoom,
  SessionRecord,
  TurnRecord,
} from '../records.ts';
import { addTurn, findTurn } from './known-turns.ts';
import { placesPerSegment } from './schema.ts';
import type { StoredSession } from './session-rows.ts';
import type { Shelves } from './shelves.ts';
import type { NumberedSpace } from './spaces.ts';

/** What a turn does to the session that is there (`before`). */
interface Step {
  readonly key: SessionKey;
  readonly turn: TurnRecord;
  readonly before: StoredSession | undefined;
  /** How many messages stay. */
  readonly base: number;
  /** Messages of `before` go, or stay behind. */
  readonly isCut: boolean;
  readonly leftBehindId: string | undefined;
}

export function appendTurn(
  shelves: Shelves,
  key: SessionKey,
  turn: TurnRecord,
  { expectedVersion, handle, holder, room }: AppendRecordOptions,
): AppendRecordResult {
  const found = shelves.spaces.find(key);
  const before = found && findLiving(shelves, found, key);
  const knownVersion = before && findTurn(before.turns, turn.id, before.record.version);
  if (knownVersion !== undefined) {
    if (holder !== undefined) shelves.leases.letGo(key, holder);
    return { status: 'duplicate', version: knownVersion };
  }
  const isMeant = handle === undefined || handle === before?.record.handle;
  if (!isMeant || (before?.record.version ?? 0) !== expectedVersion) return { status: 'conflict' };
  const lease = shelves.leases.find(key);
  if (lease && lease.holder !== holder && lease.isHeld) return { status: 'conflict' };

  const length = before?.record.length ?? turn.shared?.length ?? 0;
  const base = before ? Math.min(turn.keep, length) : length;
  const isCut = before !== undefined && base < length;
  const leftBehindId = isCut ? turn.leftBehindId : undefined;
  const isTaken = (id: string) => found && findLiving(shelves, found, { ...key, id }) !== undefined;
  if (leftBehindId !== undefined && isTaken(leftBehindId)) return { status: 'conflict' };
  if (turn.isTooLarge || base + turn.messages.length > placesPerSegment) return { status: 'too-large' };
  if (!before && turn.shared && !isShared(shelves, found, turn)) return { status: 'unshared' };

  // What was buried just now may have ended the space.
  const space = before ?? shelves.spaces.find(key) ?? shelves.spaces.begin(key);
  const had = shelves.spaces.sizeOf(space.owner);
  // What is refused anyway is refused before anything is written; a history that is cut may make its own room.
  if (room && !isCut) checkRoom(shelves, space.owner, { room, had, more: sizeOfTurn(turn, before) });
  const record = store(shelves, space, { key, turn, before, base, isCut, leftBehindId });
  if (room) checkRoom(shelves, space.owner, { room, had });
  if (lease && lease.holder === holder) shelves.leases.letGo(key, holder);
  return { status: 'appended', record };
}

/** @throws ProxyError `store_full` where the owner has more by now than it may have, and than it had. */
function checkRoom(
  shelves: Shelves,
  owner: number,
  { room, had, more }: { readonly room: OwnerRoom; readonly had: OwnerRoom; readonly more?: OwnerRoom },
): void {
  const isOver = () => {
    const has = shelves.spaces.sizeOf(owner);
    const sessions = has.sessions + (more?.sessions ?? 0);
    const bytes = has.bytes + (more?.bytes ?? 0);
    return (sessions > room.sessions && sessions > had.sessions) || (bytes > room.bytes && bytes > had.bytes);
  };
  // What expired and was not looked at since goes first.
  while (isOver()) if (!shelves.buryDueOf(owner)) throw ownerFull();
}

/** What it adds for certain: its texts may be there already. */
function sizeOfTurn({ messages, mark }: TurnRecord, before: StoredSession | undefined): OwnerRoom {
  const texts = mark ? [...messages, mark.turn] : messages;
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return { sessions: before ? 0 : 1, bytes };
}

/** What expired is gone. */
function findLiving(shelves: Shelves, space: NumberedSpace, key: SessionKey): StoredSession | undefined {
  const stored = shelves.sessions.find(space, key);
  if (!stored || !shelves.isDue(stored)) return stored;
  shelves.bury(stored);
  return undefined;
}

function isShared({ segments }: Shelves, space: NumberedSpace | undefined, { shared }: TurnRecord): boolean {
  if (!shared || !space) return false;
  return segments.isWhole(Number(shared.segment), space.space, shared.length);
}

function store(shelves: Shelves, { owner, space }: NumberedSpace, step: Step): SessionRecord {
  const { key, turn, before, base, isCut, leftBehindId } = step;
  const { sessions, segments, texts } = shelves;
  const segmentNo = before && !isCut ? before.segmentNo : beginSegment(shelves, space, step);
  segments.add(segmentNo, base, turn.messages);
  const state = { ...stateAfter(shelves, step), segment: String(segmentNo) };
  const turns = addTurn(before?.turns, turn.id);
  const going = leftBehindId === undefined ? before : undefined;
  if (going?.record.system !== turn.system.digest) texts.hold(turn.system, owner);
  if (going?.record.tools !== turn.tools.digest) texts.hold(turn.tools, owner);
  let no: number;
  if (going) {
    no = going.no;
    sessions.update({ ...going, segmentNo, turns, record: { ...state, handle: going.record.handle } });
    if (isCut) segments.leave(going.segmentNo);
  } else {
    if (before && leftBehindId !== undefined) sessions.leaveBehind(before.no, leftBehindId);
    no = sessions.insert({ owner, space, segmentNo, turns, record: state });
    shelves.tombstones.remove(key);
  }
  if (segmentNo !== before?.segmentNo) segments.stand(segmentNo, no);
  shelves.hints.add(no, turn.hints);
  if (turn.mark) {
    const start = before || turn.shared ? base : Math.min(turn.keep, state.length);
    const { version, length, system } = state;
    shelves.marks.add(key, turn.mark, { session: no, version, segmentNo, start, length, system });
  }
  if (going && going.record.system !== state.system) texts.release(going.record.system);
  if (going && going.record.tools !== state.tools) texts.release(going.record.tools);
  return { ...state, handle: String(no) };
}

function beginSegment({ segments }: Shelves, space: number, { turn, before, base }: Step): number {
  const goesOn = before?.segmentNo ?? (turn.shared && Number(turn.shared.segment));
  const parent = goesOn === undefined ? undefined : segments.holderOf(goesOn, base);
  return segments.begin(space, parent, base);
}

function stateAfter({ clock }: Shelves, step: Step): Omit<SessionRecord, 'handle' | 'segment'> {
  const { key, turn, before, base, leftBehindId } = step;
  const first = before?.record;
  const createdAtMs = first?.createdAtMs ?? clock.nowMs;
  // A clock that was put back makes nothing older than it is.
  const updatedAtMs = Math.max(clock.nowMs, createdAtMs);
  const { idleMs, dialect, label } = first ?? turn;
  return {
    key,
    version: (first?.version ?? 0) + 1,
    createdAtMs,
    updatedAtMs,
    expiresAtMs: updatedAtMs + (idleMs ?? turn.livesMs),
    idleMs,
    model: turn.model,
    dialect,
    label,
    parentId: leftBehindId ?? (first ? first.parentId : turn.parent?.id),
    rootId: first?.rootId ?? turn.parent?.rootId ?? key.id,
    system: turn.system.digest,
    systemLength: turn.systemLength,
    tools: turn.tools.digest,
    cuts: turn.cuts,
    length: base + turn.messages.length,
  };
}
