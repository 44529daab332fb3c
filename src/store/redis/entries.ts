// Where a session can be found beside its name: in lists, by hints, by marks. Entered before the turn is appended, taken
// back where it was not, and looked at by whoever reads them.
import type { SessionKey } from '../../conversation/session.ts';
import type { Keys, Tag } from './keys.ts';
import type { Redis } from './redis.ts';
import { scripts } from './script.ts';

export interface Entry {
  readonly key: string;
  readonly member: string;
  readonly forMs: number;
  /** Only so many of the newest are kept. */
  readonly most?: number;
  /** Stands for those that are not. */
  readonly leftOut?: string;
  readonly isOrdered?: boolean;
}

/** How an entry stood before. */
export interface Entered extends Pick<Entry, 'key' | 'member' | 'isOrdered'> {
  readonly place: string;
  readonly before: string;
}

interface SessionEntries {
  readonly key: SessionKey;
  readonly member: string;
  readonly label: string | undefined;
  readonly forMs: number;
}

export const mostByHint = 64;
/** Stands before all others where some were left out. */
export const leftOut = '+';
const mostByMark = 8;

export const memberOf = (family: Tag, handle: string) => `${family}|${handle}`;

export function readMember(member: string): { readonly family: Tag; readonly handle: string } {
  const [family = '', handle = ''] = member.split('|');
  return { family, handle };
}

export function listEntries(keys: Keys, { key, member, label, forMs }: SessionEntries): Entry[] {
  const { owner, user } = key;
  const lists = [
    keys.ownerList(owner),
    keys.spaceList(owner, user ?? ''),
    ...(label === undefined ? [] : [keys.labelList(owner, label)]),
  ];
  return lists.map(list => ({ key: list, member, forMs, isOrdered: true }));
}

export function userEntry(keys: Keys, { owner, user, id }: SessionKey, forMs: number): Entry {
  return { key: keys.users(owner, id), member: JSON.stringify(user ?? null), forMs };
}

export function readUserMember(member: string): Pick<SessionKey, 'user'> | 'damaged' {
  try {
    const user: unknown = JSON.parse(member);
    if (user === null) return { user: undefined };
    return typeof user === 'string' ? { user } : 'damaged';
  } catch {
    return 'damaged';
  }
}

export function hintEntries(
  keys: Keys,
  hints: readonly string[],
  { member, forMs }: Pick<SessionEntries, 'member' | 'forMs'>,
): Entry[] {
  return [...new Set(hints)].map(hint => ({
    key: keys.hint(hint),
    member,
    forMs,
    most: mostByHint,
    leftOut,
  }));
}

export function markEntry(
  keys: Keys,
  key: SessionKey,
  mark: { key: string; ttlMs: number },
  family: Tag,
): Entry {
  return { key: keys.mark(key, mark.key), member: family, forMs: mark.ttlMs, most: mostByMark };
}

export async function enter(redis: Redis, entries: readonly Entry[]): Promise<Entered[]> {
  const asked = entries.map(({ key, ...asked }) => ({ key, asked }));
  const places = await redis.askAll(scripts.enter, asked, 2);
  return entries.map((entry, index) => {
    const [place, before] = places[index] ?? [];
    return { ...entry, place: String(place), before: String(before ?? '') };
  });
}

export async function takeBack(redis: Redis, entered: readonly Entered[]): Promise<void> {
  const asked = entered.map(({ key, member, place, before }) => ({ key, asked: { member, place, before } }));
  await redis.askAll(scripts.takeBack, asked, 0);
}

export interface Struck {
  readonly key: string;
  readonly members: readonly string[];
}

/** Those that lead nowhere; where the turn may be on its way (`isOld`), only what was entered a while ago. */
export async function strike(redis: Redis, struck: readonly Struck[], isOld: boolean): Promise<void> {
  const asked = struck
    .filter(({ members }) => members.length > 0)
    .map(({ key, members }) => ({ key, asked: { members, isOld } }));
  await redis.askAll(scripts.strike, asked, 0);
}

/** Of what was entered under a mark only the last counts. */
export async function keepOnly(redis: Redis, { key, member }: Entry): Promise<void> {
  await redis.askAll(scripts.strike, [{ key, asked: { members: [member], isOthers: true } }], 0);
}
