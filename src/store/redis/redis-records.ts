// Sessions in Redis or Valkey: any number of processes share them. What belongs to one conversation and its branches is
// one key (lua-family.ts); lists, hints and marks lead there and are looked at, never believed.
import type { SessionKey, Space } from '../../conversation/session.ts';
import { answersOfOwner } from '../answers-of-owner.ts';
import type {
  AppendRecordOptions,
  AppendRecordResult,
  OpenOptions,
  OpenResult,
  RecalledRecord,
  RecordPage,
  SessionRecord,
  SessionRecords,
  TurnRecord,
} from '../records.ts';
import type { Claim, ClaimRequest, Hinted, ListOptions } from '../session-store.ts';
import { StoreStartError } from '../store-start-error.ts';
import { corrupt } from '../stored-text.ts';
import { appendTurn } from './append-turn.ts';
import {
  leftOut,
  listEntries,
  memberOf,
  mostByHint,
  readUserMember,
  strike,
  takeBack,
  userEntry,
} from './entries.ts';
import { Families } from './families.ts';
import { KeptAnswers } from './kept-answers.ts';
import { claimTag, type FamilyKeys, Keys, shortTagOf, tagOf } from './keys.ts';
import { describe, entriesToStrike, listSessions } from './list-sessions.ts';
import { openRoute } from './open-route.ts';
import { OwnerSizes } from './owner-sizes.ts';
import { checkOf, inPlaceOfDamage, isDamage, isOf, readIntact, readRecord, texts } from './read-record.ts';
import { readUrl } from './read-url.ts';
import { Redis } from './redis.ts';
import { scripts } from './script.ts';

export interface RedisRecordsOptions {
  readonly url: string;
  readonly tombstoneMs: number;
  /** In place of the servers' clock, for tests. */
  readonly now?: () => number;
  /** Starts although nothing can be reached, and connects later. */
  readonly isOptional?: boolean;
  /** For tests. */
  readonly answersOfOwner?: number;
  /** What whoever runs the store should know. */
  readonly onProblem?: (problem: { readonly message: string; readonly err?: unknown }) => void;
}

/** The same thing is said again at most so often. */
const sayAgainMs = 60_000;

export class RedisRecords implements SessionRecords {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #families: Families;
  readonly #sizes: OwnerSizes;
  readonly #answers: KeptAnswers;

  private constructor(redis: Redis, keys: Keys, tombstoneMs: number, most: number) {
    this.#redis = redis;
    this.#keys = keys;
    this.#families = new Families(redis, keys, tombstoneMs);
    this.#sizes = new OwnerSizes(this.#families);
    this.#answers = new KeptAnswers(redis, keys, most);
  }

  /** @throws StoreStartError */
  static async open(options: RedisRecordsOptions): Promise<RedisRecords> {
    const { url, tombstoneMs, now, isOptional = false, answersOfOwner: most = answersOfOwner } = options;
    const target = readUrl(url);
    const onProblem = quietly(options.onProblem);
    const route = openRoute(target, { onProblem });
    try {
      await route.connect();
    } catch (error) {
      const why = error instanceof Error ? reasonOf(error) : 'unknown';
      if (!isOptional) {
        route.close();
        throw new StoreStartError(
          `The session store cannot be used: ${why}. Check that its server runs, its address, user and password.`,
          { cause: error },
        );
      }
      onProblem(`The session store cannot be used yet: ${why}.`, error);
    }
    return new RedisRecords(new Redis(route, now), new Keys(target.prefix), tombstoneMs, most);
  }

  open(key: SessionKey, options: OpenOptions = {}): Promise<OpenResult> {
    return this.#families.open(key, options);
  }

  async letGo(key: SessionKey, holder: string): Promise<void> {
    const asked = { id: shortTagOf(key.id), holder: shortTagOf(holder) };
    await this.#families.ask(scripts.letGo, this.#keys.family(key), asked);
  }

  async append(key: SessionKey, turn: TurnRecord, options: AppendRecordOptions): Promise<AppendRecordResult> {
    const { room, expectedVersion } = options;
    const more = { sessions: expectedVersion === 0 ? 1 : 0, bytes: bytesOf(turn) };
    const isLimited = room && Number.isFinite(room.bytes);
    if (isLimited) await this.#sizes.check(key.owner, room, more);
    const result = await appendTurn(this.#families, key, turn, options);
    if (isLimited && result.status === 'appended') this.#sizes.add(key.owner, more);
    return result;
  }

  async setIdle(key: SessionKey, idleMs: number | undefined, livesMs: number): Promise<boolean> {
    const asked = { id: shortTagOf(key.id), idleMs, livesMs };
    const set = await this.#families.askWhereItIs(key, family =>
      this.#families.ask(scripts.setIdle, family, asked),
    );
    if (set?.answer.parts[0] !== 'set') return false;
    const { answer, family } = set;
    const record = readRecord(answer.parts[1], answer.era);
    checkOf(record, key, key.id);
    this.#families.remembered.put(key, { record, family });
    // It may live longer than those who lead to it.
    const entries = [
      ...listEntries(this.#keys, {
        key,
        member: memberOf(family.tag, record.handle),
        label: record.label,
        forMs: livesMs,
      }),
      userEntry(this.#keys, key, livesMs),
      { key: this.#keys.family(key).pointer, forMs: livesMs + this.#families.tombstoneMs },
    ];
    await this.#redis.askAll(
      scripts.prolong,
      entries.map(({ key, forMs }) => ({ key, asked: { forMs } })),
      0,
    );
    return true;
  }

  async recall(space: Space, markKey: string): Promise<RecalledRecord | undefined> {
    const mark = tagOf('mark', space.owner, space.user, markKey);
    const place = this.#keys.mark(space, markKey);
    const tags = await this.#redis.command('ZREVRANGE', place, '0', '-1');
    for (const tag of texts(tags)) {
      const family = this.#keys.ofTag(tag);
      const { parts, era } = await this.#families.ask(scripts.recall, family, { mark });
      if (parts[0] === 'missing') continue;
      if (parts[0] !== 'found') throw corrupt();
      const [, turn, version, described, keep, messages, system] = parts;
      const record = readRecord(described, era);
      checkOf(record, space);
      return {
        turn: String(turn),
        version: Number(version),
        id: record.key.id,
        keep: Number(keep),
        messages: texts(messages),
        system: String(system),
      };
    }
    return undefined;
  }

  async claim(space: Space, key: string, { holder, ttlMs, fingerprint }: ClaimRequest): Promise<Claim> {
    const asked = { holder: shortTagOf(holder), ttlMs, fingerprint };
    const keys = [this.#keys.claim(space, key)];
    const { parts } = await this.#redis.ask({ script: scripts.claim, keys, asked });
    const [status, found, text] = parts.map(String);
    if (status === 'claimed') return { status };
    if (status === 'running') return { status, fingerprint: found ?? '' };
    if (status === 'answered') return { status, fingerprint: found ?? '', text: text ?? '' };
    throw corrupt();
  }

  async settle(
    space: Space,
    key: string,
    holder: string,
    answer?: { readonly text: string; readonly ttlMs: number },
  ): Promise<void> {
    const asked = { holder: shortTagOf(holder), ttlMs: answer?.ttlMs };
    const keys = [this.#keys.claim(space, key)];
    await this.#redis.ask({ script: scripts.settle, keys, asked, texts: answer ? [answer.text] : [] });
    if (answer) this.#redis.behind(this.#answers.add(space.owner, claimTag(space, key), answer.ttlMs));
  }

  async findByHints(space: Space, hints: readonly string[], limit: number): Promise<Hinted[]> {
    const keys = hints.map(hint => this.#keys.hint(hint));
    const entered = await Promise.all(
      keys.map(async key => {
        const newest = this.#redis.command('ZREVRANGE', key, '0', String(mostByHint - 1));
        return texts(await newest.catch(inPlaceOfDamage([leftOut])));
      }),
    );
    const found = entered.map(members => members.filter(member => member !== leftOut));
    const all = { isNewest: false, label: undefined };
    const { standing, damaged } = await describe(this.#families, [...new Set(found.flat())], all);
    const struck = found.map((members, index) => ({
      key: keys[index] ?? '',
      members: members.filter(member => !standing.has(member) && !damaged.has(member)),
    }));
    this.#redis.behind(strike(this.#redis, struck, true));
    return found.map((members, index) => {
      const living = members
        .flatMap(member => standing.get(member) ?? [])
        .filter(({ record }) => isOf(record, space))
        .sort((one, other) => other.usedAt - one.usedAt);
      const isKnown = !entered[index]?.includes(leftOut) && !members.some(member => damaged.has(member));
      return {
        ids: living.slice(0, limit).map(({ record }) => record.key.id),
        isAll: isKnown && living.length <= limit,
      };
    });
  }

  list(options: ListOptions): Promise<RecordPage> {
    return listSessions(this.#families, options);
  }

  async find(owner: string, id: string): Promise<Space[]> {
    const key = this.#keys.users(owner, id);
    const members = await this.#redis.command('ZRANGE', key, '0', '-1').catch(inPlaceOfDamage(undefined));
    if (members === undefined) {
      // Which users have a session of this name is not known any more. Most sessions are of no user.
      if (await this.#isThere({ owner, user: undefined, id })) return [{ owner, user: undefined }];
      throw corrupt();
    }
    const found = await Promise.all(
      texts(members).map(async member => {
        const user = readUserMember(member);
        return { member, user, isThere: user !== 'damaged' && (await this.#isThere({ owner, ...user, id })) };
      }),
    );
    const dead = found.filter(({ isThere }) => !isThere).map(({ member }) => member);
    this.#redis.behind(strike(this.#redis, [{ key, members: dead }], true));
    return found.flatMap(({ user, isThere }) => (isThere && user !== 'damaged' ? [{ owner, ...user }] : []));
  }

  async readNote(name: string): Promise<string | undefined> {
    const key = this.#keys.note(name);
    const text = await this.#redis.command('GET', key);
    return typeof text === 'string' ? text : undefined;
  }

  async writeNote(name: string, text: string): Promise<void> {
    const key = this.#keys.note(name);
    await this.#redis.command('SET', key, text);
  }

  async delete(key: SessionKey): Promise<boolean> {
    const families = this.#families;
    const home = this.#keys.family(key);
    const { key: users, member: user } = userEntry(this.#keys, key, 0);
    const [pointer, place] = await Promise.all([
      this.#redis.command('GET', home.pointer).catch(inPlaceOfDamage(null)),
      this.#redis.command('ZSCORE', users, user).catch(inPlaceOfDamage(null)),
    ]);
    const isSeen = families.remembered.get(key) !== undefined;
    const asked = { id: shortTagOf(key.id) };
    const deleted = await families.askWhereItIs(key, family => families.ask(scripts.delete, family, asked));
    families.remembered.forget(key);
    if (!deleted) return false;
    const { answer, family } = deleted;
    // The first time its answer was lost.
    if (answer.parts[0] === 'missing') return answer.isRepeated && isSeen;
    await Promise.all([
      // Of what was damaged nobody knows its lists: whoever reads them finds that it is gone.
      this.#strike(
        family,
        answer.parts[1] === undefined ? undefined : readIntact(answer.parts[1], answer.era),
      ),
      // Unless the name was begun anew since.
      takeBack(this.#redis, [{ key: users, member: user, place: String(place), before: '' }]),
      pointer === null ? undefined : families.ask(scripts.unpoint, home, { pointer }),
    ]);
    return true;
  }

  /** What is damaged is there: whoever asks for it is told so, and may delete it. */
  async #isThere(key: SessionKey): Promise<boolean> {
    try {
      return (await this.#families.stand(key)) !== undefined;
    } catch (error) {
      if (isDamage(error)) return true;
      throw error;
    }
  }

  async #strike(family: FamilyKeys, record: SessionRecord | undefined): Promise<void> {
    if (!record) return;
    const member = memberOf(family.tag, record.handle);
    await strike(this.#redis, entriesToStrike(this.#families, record, member), false);
  }

  async check(): Promise<void> {
    await this.#redis.ping();
    const key = this.#keys.note('check');
    await this.#redis.command('SET', key, '', 'PX', '60000');
  }

  async close(): Promise<void> {
    await this.#redis.close();
  }
}

function bytesOf({ messages, mark, system, tools }: TurnRecord): number {
  const texts = [...messages, mark?.turn ?? '', system.json ?? '', tools.json ?? ''];
  return texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0);
}

function quietly(say: RedisRecordsOptions['onProblem']): (message: string, err?: unknown) => void {
  const said = new Map<string, number>();
  return (message, err) => {
    const nowMs = performance.now();
    if (nowMs - (said.get(message) ?? Number.NEGATIVE_INFINITY) < sayAgainMs) return;
    said.set(message, nowMs);
    say?.({ message, ...(err === undefined ? {} : { err }) });
  };
}

/** What lies at the bottom of it. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || error.name;
}
