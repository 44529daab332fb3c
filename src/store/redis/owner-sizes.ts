// How much each owner has, roughly: whatever expires goes without a word, so that nobody keeps count. A sample of an
// owner's sessions is measured now and then, and what this node appended since is added to it.
import { ownerFull } from '../owner-full.ts';
import type { OwnerRoom } from '../records.ts';
import { readMember, strike } from './entries.ts';
import type { Families } from './families.ts';
import { describe } from './list-sessions.ts';
import { inPlaceOfDamage } from './read-record.ts';
import { scripts } from './script.ts';

interface Measured {
  sessions: number;
  bytes: number;
  readonly atMs: number;
}

/** As many are looked at; an owner with no more of them is measured exactly. */
const sampled = 64;
const againMs = 60_000;
const mostOwners = 10_000;

export class OwnerSizes {
  readonly #families: Families;
  /** The longest not measured first. */
  readonly #known = new Map<string, Measured>();
  readonly #measuring = new Map<string, Promise<Measured>>();

  constructor(families: Families) {
    this.#families = families;
  }

  /** @throws ProxyError `store_full` where what is to be added (`more`) would be too much. */
  async check(owner: string, room: OwnerRoom, more: OwnerRoom): Promise<void> {
    const known = this.#known.get(owner) ?? (await this.#measure(owner));
    if (performance.now() - known.atMs > againMs) this.#families.redis.behind(this.#measure(owner));
    if (fits(known, room, more)) return;
    // Something may have been deleted, or have expired.
    if (!fits(await this.#measure(owner), room, more)) throw ownerFull();
  }

  /** What was appended. */
  add(owner: string, more: OwnerRoom): void {
    const known = this.#known.get(owner);
    if (!known) return;
    known.sessions += more.sessions;
    known.bytes += more.bytes;
  }

  #measure(owner: string): Promise<Measured> {
    const measuring =
      this.#measuring.get(owner) ??
      this.#look(owner).finally(() => {
        this.#measuring.delete(owner);
      });
    this.#measuring.set(owner, measuring);
    return measuring;
  }

  async #look(owner: string): Promise<Measured> {
    const families = this.#families;
    const { redis, keys } = families;
    const key = keys.ownerList(owner);
    const [counted, drawn] = await Promise.all([
      redis.command('ZCARD', key).catch(inPlaceOfDamage(0)),
      // Some twice, where there are fewer.
      redis.command('ZRANDMEMBER', key, String(sampled)).catch(inPlaceOfDamage([])),
    ]);
    const count = Number(counted);
    const members = Array.isArray(drawn) ? drawn.map(String) : [];
    const { standing } = await describe(families, members, { isNewest: false, label: undefined });
    const dead = members.filter(member => !standing.has(member));
    redis.behind(strike(redis, [{ key, members: dead }], true));
    const tags = [...new Set([...standing.keys()].map(member => readMember(member).family))];
    const sizes = await redis.askAll(
      scripts.size,
      tags.map(tag => ({ key: keys.ofTag(tag).family, asked: {} })),
    );
    const bytes = sizes.flat().reduce<number>((sum, size) => sum + Number(size), 0);
    const perMember = members.length === 0 ? 0 : Math.max(1, count / members.length);
    const measured = {
      sessions: Math.round(standing.size * perMember),
      bytes: Math.round(bytes * perMember),
      atMs: performance.now(),
    };
    this.#known.delete(owner);
    this.#known.set(owner, measured);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= mostOwners) break;
      this.#known.delete(oldest);
    }
    return measured;
  }
}

function fits(has: OwnerRoom, room: OwnerRoom, more: OwnerRoom): boolean {
  return has.sessions + more.sessions <= room.sessions && has.bytes + more.bytes <= room.bytes;
}
