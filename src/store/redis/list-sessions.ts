// What an owner is shown of the sessions: a page at a time, however many there are. Lists say where to look; the family
// of each says whether it is shown, and what it is now.
import { ProxyError } from '../../conversation/errors.ts';
import type { RecordPage, SessionRecord } from '../records.ts';
import type { ListOptions } from '../session-store.ts';
import { memberOf, readMember, type Struck, strike } from './entries.ts';
import type { Families } from './families.ts';
import { shortTagOf } from './keys.ts';
import { readIntact } from './read-record.ts';
import { scripts } from './script.ts';

const atOnce = 64;

export async function listSessions(families: Families, options: ListOptions): Promise<RecordPage> {
  const { owner, user, label, branches = false, limit } = options;
  const key = keyOf(families, options);
  const isAsked = ({ key, label: own }: SessionRecord) =>
    key.owner === owner &&
    (user === undefined || (key.user ?? '') === user) &&
    (label === undefined || own === label);
  let below = await placeOf(families, key, options, isAsked);
  const records: SessionRecord[] = [];
  while (records.length <= limit) {
    const range = [below, '-inf', 'WITHSCORES', 'LIMIT', '0', String(atOnce)];
    const found = await families.redis.command('ZREVRANGEBYSCORE', key, ...range);
    const places = Array.isArray(found) ? found.map(String) : [];
    const members = places.filter((_, index) => index % 2 === 0);
    const { standing } = await describe(families, members, { isNewest: !branches, label });
    for (const member of members) {
      const one = standing.get(member);
      if (one?.isShown && isAsked(one.record)) records.push(one.record);
    }
    const dead = members.filter(member => !standing.has(member));
    families.redis.behind(strike(families.redis, [{ key, members: dead }], true));
    if (members.length < atOnce) break;
    below = `(${places.at(-1)}`;
  }
  return { records: records.slice(0, limit), hasMore: records.length > limit };
}

/** Looks at a few that anybody entered: lists that are written and never read hold few that are dead. */
export async function tidyLists(families: Families, keys: readonly string[]): Promise<void> {
  const { redis } = families;
  for (const key of keys) {
    const found = await redis.command('ZRANDMEMBER', key, '3');
    const members = Array.isArray(found) ? [...new Set(found.map(String))] : [];
    const { standing } = await describe(families, members, { isNewest: false, label: undefined });
    await strike(redis, [{ key, members: members.filter(member => !standing.has(member)) }], true);
  }
}

interface Described {
  readonly record: SessionRecord;
  readonly usedAt: number;
  readonly isShown: boolean;
}

/** Of members of lists and hints, those that live, and those that cannot be read. */
export async function describe(
  families: Families,
  members: readonly string[],
  { isNewest, label }: { readonly isNewest: boolean; readonly label: string | undefined },
): Promise<{ readonly standing: ReadonlyMap<string, Described>; readonly damaged: ReadonlySet<string> }> {
  const byFamily = Map.groupBy(members, member => readMember(member).family);
  const entries = [...byFamily].map(([tag, ofFamily]) => ({
    key: families.keys.ofTag(tag).family,
    asked: {
      handles: ofFamily.map(member => readMember(member).handle),
      isNewest,
      ...(label === undefined ? {} : { label: shortTagOf(label) }),
    },
  }));
  const answers = await families.redis.askAll(scripts.describe, entries);
  const standing = new Map<string, Described>();
  const damaged = new Set<string>();
  for (const [index, tag] of [...byFamily.keys()].entries()) {
    const [described] = answers[index] ?? [];
    for (const [shown, ...parts] of Array.isArray(described) ? (described as unknown[][]) : []) {
      // Nobody goes on from a segment that he saw in a list.
      const record = shown === -1 ? undefined : readIntact(parts, '');
      const handle = record?.handle ?? String(shown === -1 ? parts[0] : parts[1]);
      const member = memberOf(tag, handle);
      if (record) standing.set(member, { record, usedAt: Number(parts[14]), isShown: shown === 1 });
      else damaged.add(member);
    }
  }
  return { standing, damaged };
}

function keyOf({ keys }: Families, { owner, user, label }: ListOptions): string {
  if (label !== undefined) return keys.labelList(owner, label);
  return user === undefined ? keys.ownerList(owner) : keys.spaceList(owner, user);
}

async function placeOf(
  families: Families,
  key: string,
  { owner, after }: ListOptions,
  isAsked: (record: SessionRecord) => boolean,
): Promise<string> {
  if (!after) return '+inf';
  const standing = await families.stand({ owner, ...after });
  const isThere = standing && isAsked(standing.record);
  const member = isThere && memberOf(standing.family.tag, standing.record.handle);
  const place = member && (await families.redis.command('ZSCORE', key, member));
  if (typeof place !== 'string')
    throw new ProxyError('invalid_value', 'No session stands at this place of the list.', { param: 'after' });
  return `(${place}`;
}

/** Takes a session out of its lists. */
export function entriesToStrike({ keys }: Families, record: SessionRecord, member: string): Struck[] {
  const { owner, user } = record.key;
  const lists = [keys.ownerList(owner), keys.spaceList(owner, user ?? '')];
  if (record.label !== undefined) lists.push(keys.labelList(owner, record.label));
  return lists.map(key => ({ key, members: [member] }));
}
