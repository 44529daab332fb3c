// The answers to requests with a key: an owner keeps so many of them, then its oldest go. Each lies under a key of its
// own, so that they stand in a list as well; what is in it and gone is of no account.
import { enter } from './entries.ts';
import type { Keys, Tag } from './keys.ts';
import { texts } from './read-record.ts';
import type { Redis } from './redis.ts';
import { scripts } from './script.ts';

export class KeptAnswers {
  readonly #redis: Redis;
  readonly #keys: Keys;
  readonly #most: number;

  constructor(redis: Redis, keys: Keys, most: number) {
    this.#redis = redis;
    this.#keys = keys;
    this.#most = most;
  }

  /** To be told of each answer that was kept. */
  async add(owner: string, tag: Tag, ttlMs: number): Promise<void> {
    const list = this.#keys.answers(owner);
    await enter(this.#redis, [{ key: list, member: tag, forMs: ttlMs, isOrdered: true }]);
    const tooMany = Number(await this.#redis.command('ZCARD', list)) - this.#most;
    if (tooMany <= 0) return;
    const oldest = texts(await this.#redis.command('ZRANGE', list, '0', String(tooMany - 1)));
    const asked = oldest.map(member => ({ key: this.#keys.claimOf(member), asked: {} }));
    await this.#redis.askAll(scripts.forgetAnswer, asked, 0);
    await this.#redis.command('ZREM', list, ...oldest);
  }
}
