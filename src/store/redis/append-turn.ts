// One turn: what it is found by is entered, its names are claimed, then one script appends it, and what was entered in
// vain is taken back. Repeated for as long as nobody knows whether it was appended: a turn is appended once.
import { randomBytes } from 'node:crypto';
import { ProxyError } from '../../conversation/errors.ts';
import type { SessionKey } from '../../conversation/session.ts';
import type { AppendRecordOptions, AppendRecordResult, TurnRecord } from '../records.ts';
import { corrupt } from '../stored-text.ts';
import {
  type Entry,
  enter,
  hintEntries,
  keepOnly,
  listEntries,
  markEntry,
  memberOf,
  takeBack,
  userEntry,
} from './entries.ts';
import type { Families } from './families.ts';
import { type FamilyKeys, shortTagOf } from './keys.ts';
import { tidyLists } from './list-sessions.ts';
import { claimName, clearHome } from './names.ts';
import { checkOf, readRecord } from './read-record.ts';
import { scripts } from './script.ts';
import { type Claims, type Plan, writeAppend } from './write-append.ts';

/** `again`: it is another session by now, or none. `elsewhere`: the session lives in that family. */
type Outcome =
  | AppendRecordResult
  | { readonly status: 'again' }
  | { readonly status: 'elsewhere'; readonly family: FamilyKeys };

const patienceMs = 2_000;
const maxRounds = 8;

export async function appendTurn(
  families: Families,
  key: SessionKey,
  turn: TurnRecord,
  options: AppendRecordOptions,
): Promise<AppendRecordResult> {
  for (let round = 0; round < maxRounds; round += 1) {
    const plan = await makePlan(families, key, turn, options);
    if (!plan) return { status: 'conflict' };
    let outcome = await carryOut(families, plan);
    if (outcome.status === 'elsewhere')
      outcome = await append(families, { ...plan, family: outcome.family, isOnly: true }, {});
    if (outcome.status !== 'again' && outcome.status !== 'elsewhere') return outcome;
    families.remembered.forget(key);
  }
  return { status: 'conflict' };
}

async function makePlan(
  families: Families,
  key: SessionKey,
  turn: TurnRecord,
  options: AppendRecordOptions,
): Promise<Plan | undefined> {
  const { expectedVersion, handle } = options;
  const newHandle = randomBytes(12).toString('base64url');
  const near = families.remembered.get(key);
  const base = { key, turn, options, newHandle, leftKey: undefined };
  if (expectedVersion === 0) {
    if (near) return { ...base, ...near, isOnly: true };
    const family = families.keys.family({ ...key, id: turn.parent?.rootId ?? key.id });
    return { ...base, family, record: undefined, isOnly: false };
  }
  const standing = near?.record.version === expectedVersion ? near : await families.stand(key);
  if (!standing) return undefined;
  const { record, family } = standing;
  const isOther = record.version !== expectedVersion || (handle !== undefined && record.handle !== handle);
  const { leftBehindId } = turn;
  const isLeft = !isOther && turn.keep < record.length && leftBehindId !== undefined;
  const leftKey = isLeft ? { ...key, id: leftBehindId } : undefined;
  return { ...base, family, record, leftKey, isOnly: isOther };
}

async function carryOut(families: Families, plan: Plan): Promise<Outcome> {
  const { redis } = families;
  const [claims, entered] = await Promise.all([
    claimNames(families, plan),
    plan.isOnly ? [] : enter(redis, entriesOf(families, plan)),
  ]);
  let outcome: Outcome;
  try {
    outcome =
      claims.own?.status === 'taken' && !plan.record
        ? { status: 'elsewhere', family: claims.own.family }
        : await append(families, plan, claims);
  } catch (error) {
    // Where nobody knows whether it was appended, it stays where it would be found.
    const isUnknown = error instanceof ProxyError && error.code === 'store_unavailable';
    if (!isUnknown) redis.behind(takeBack(redis, entered));
    throw error;
  }
  const { mark } = plan.turn;
  if (outcome.status === 'appended' && !plan.record) {
    const lists = entered.filter(({ isOrdered }) => isOrdered).map(({ key }) => key);
    redis.behind(tidyLists(families, lists));
  }
  if (outcome.status !== 'appended') await takeBack(redis, entered);
  else if (mark) redis.behind(keepOnly(redis, markEntry(families.keys, plan.key, mark, plan.family.tag)));
  return outcome;
}

async function append(families: Families, plan: Plan, claims: Claims): Promise<Outcome> {
  const { key, family, leftKey, options } = plan;
  const { asked, texts } = writeAppend(families.keys, plan, claims);
  const ask = { texts, patienceMs, isKept: true };
  const { parts, era, isRepeated } = await families.ask(scripts.append, family, asked, ask);
  const [status, ...said] = parts;
  switch (status) {
    case 'conflict':
    case 'too-large':
    case 'unshared':
      return { status };
    case 'absent':
    case 'replan':
      return { status: 'again' };
    case 'pointed': {
      const isLeft = leftKey !== undefined && families.keys.family(leftKey).tag === family.tag;
      const taken = await clearHome(families, isLeft ? leftKey : key, said[0]);
      if (!taken) return { status: 'again' };
      return isLeft ? { status: 'conflict' } : { status: 'elsewhere', family: taken.family };
    }
    case 'appended':
    case 'duplicate':
      break;
    default:
      throw corrupt();
  }
  const record = readRecord(said[status === 'appended' ? 0 : 1], era);
  checkOf(record, key, key.id);
  const home = families.keys.family(key);
  // Its hold lies at its home, where this turn was not appended.
  if (home.tag !== family.tag && options.holder !== undefined)
    await families.ask(scripts.letGo, home, { id: asked.id, holder: asked.holder });
  if (leftKey && status === 'appended' && plan.record)
    families.remembered.put(leftKey, { record: { ...plan.record, key: leftKey }, family });
  families.remembered.put(key, { record, family });
  if (status === 'appended') return { status, record };
  const version = Number(said[0]);
  // The first time its answer was lost.
  if (isRepeated && record.version === version) return { status: 'appended', record };
  return { status, version };
}

async function claimNames(
  families: Families,
  { key, options, turn, family, record, leftKey, isOnly }: Plan,
): Promise<Claims> {
  const forMs = (record?.idleMs ?? turn.idleMs ?? turn.livesMs) + families.tombstoneMs;
  const claim = async (one: SessionKey, holder: string | undefined) => {
    if (families.keys.family(one).tag === family.tag) return undefined;
    const holding = holder === undefined ? undefined : shortTagOf(holder);
    return await claimName(families, one, { target: family, holder: holding, forMs });
  };
  const [own, left] = await Promise.all([
    isOnly ? undefined : claim(key, options.holder),
    leftKey && claim(leftKey, undefined),
  ]);
  return { own, left };
}

function entriesOf({ keys }: Families, { key, turn, family, record, leftKey, newHandle }: Plan): Entry[] {
  const forMs = record?.idleMs ?? turn.idleMs ?? turn.livesMs;
  const goesOn = record !== undefined && leftKey === undefined;
  const member = memberOf(family.tag, goesOn ? record.handle : newHandle);
  const label = record ? record.label : turn.label;
  const { hints, mark } = turn;
  return [
    ...listEntries(keys, { key, member, label, forMs }),
    ...(record ? [] : [userEntry(keys, key, forMs)]),
    ...(leftKey ? [userEntry(keys, leftKey, forMs)] : []),
    ...hintEntries(keys, hints, { member, forMs }),
    ...(mark ? [markEntry(keys, key, mark, family.tag)] : []),
  ];
}
