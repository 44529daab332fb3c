// What is to be appended → what the script is told (lua-append.ts).
import { randomBytes } from 'node:crypto';
import type { SessionKey } from '../../conversation/session.ts';
import type { AppendRecordOptions, SessionRecord, TurnRecord } from '../records.ts';
import { type FamilyKeys, type Keys, shortTagOf, tagOf } from './keys.ts';
import type { ClaimedName, TakenName } from './names.ts';
import { type FirstTurn, type LastTurn, readSegment } from './read-record.ts';

export interface Plan {
  readonly key: SessionKey;
  readonly turn: TurnRecord;
  readonly options: AppendRecordOptions;
  readonly family: FamilyKeys;
  /** The session as it stands, where there is one. */
  readonly record: SessionRecord | undefined;
  /** Its messages are cut and stay under this id. */
  readonly leftKey: SessionKey | undefined;
  readonly newHandle: string;
  /** Nothing can come of it but a duplicate or a conflict. */
  readonly isOnly: boolean;
}

export interface Claims {
  /** Undefined where the name is at home. */
  readonly own?: ClaimedName | TakenName | undefined;
  readonly left?: ClaimedName | TakenName | undefined;
}

export function writeAppend(keys: Keys, plan: Plan, { own, left }: Claims) {
  const { key, turn, options, family, record, leftKey, newHandle, isOnly } = plan;
  const { system, tools, parent, mark, shared } = turn;
  const { owner, user } = key;
  const first: FirstTurn = {
    owner,
    user,
    dialect: turn.dialect,
    label: turn.label,
    rootId: parent?.rootId ?? key.id,
  };
  const last: LastTurn = { model: turn.model, systemLength: turn.systemLength, cuts: turn.cuts };
  const isAt = (one: SessionKey) => keys.family(one).tag === family.tag;
  const asked = {
    id: shortTagOf(key.id),
    isHome: isAt(key),
    turn: shortTagOf(turn.id),
    version: options.expectedVersion,
    handle: options.handle,
    holder: options.holder === undefined ? undefined : shortTagOf(options.holder),
    isHeld: own?.isHeld,
    isOnly,
    going: isOnly || leftKey ? undefined : record?.handle,
    newHandle,
    newName: randomBytes(12).toString('base64url'),
    keep: turn.keep,
    shared: shared && readSegment(shared.segment).segment,
    length: shared?.length,
    system: system.digest,
    tools: tools.digest,
    label: turn.label === undefined ? undefined : shortTagOf(turn.label),
    left: leftKey && shortTagOf(leftKey.id),
    isLeftHome: leftKey && isAt(leftKey),
    isLeftFree: left?.status !== 'taken',
    leftSeq: left?.status === 'claimed' ? left.seq : undefined,
    seq: own?.status === 'claimed' ? own.seq : undefined,
    claimedMs: own?.status === 'claimed' ? own.atMs : undefined,
    idleMs: turn.idleMs,
    livesMs: turn.livesMs,
    mark: mark && tagOf('mark', owner, user, mark.key),
    markMs: mark?.ttlMs,
    isTooLarge: turn.isTooLarge,
  };
  const texts = [
    JSON.stringify(key.id),
    system.json ?? '',
    tools.json ?? '',
    JSON.stringify(first),
    JSON.stringify(last),
    leftKey ? JSON.stringify(leftKey.id) : '',
    parent ? JSON.stringify(parent.id) : '',
    mark?.turn ?? '',
    ...turn.messages,
  ];
  return { asked, texts };
}
