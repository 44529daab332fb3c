// In which family a session lives, and what it is there. A name's own family is its home; a branch lives in that of its
// root, to which a pointer at its home leads.
import type { SessionKey } from '../../conversation/session.ts';
import type { FoundRecord, Known, OpenResult, SharedText } from '../records.ts';
import type { Lease } from '../session-store.ts';
import { corrupt } from '../stored-text.ts';
import { type FamilyKeys, type Keys, shortTagOf } from './keys.ts';
import { checkOf, readRecord, readSegment, texts } from './read-record.ts';
import type { Answer, Redis } from './redis.ts';
import { Remembered, type Standing } from './remembered.ts';
import { type Script, scripts } from './script.ts';

interface AskOptions {
  readonly texts?: readonly string[];
  readonly patienceMs?: number;
  readonly isKept?: boolean;
}

interface ReadOptions {
  readonly known?: Known | undefined;
  readonly lease?: Lease | undefined;
  /** Without messages and texts. */
  readonly isBrief?: boolean;
}

type Read =
  | FoundRecord
  | { readonly status: 'busy' | 'missing' | 'expired' }
  | { readonly status: 'pointed'; readonly tag: string; readonly isExpired: boolean };

/** As much is read at once: a longer session comes in pieces, between which the server does other things. */
const maxBytes = 4 * 1_024 * 1_024;
const maxPieces = 10_000;

export class Families {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly remembered = new Remembered();
  readonly #tombstoneMs: number;

  constructor(redis: Redis, keys: Keys, tombstoneMs: number) {
    this.redis = redis;
    this.keys = keys;
    this.#tombstoneMs = tombstoneMs;
  }

  get tombstoneMs(): number {
    return this.#tombstoneMs;
  }

  ask(script: Script, family: FamilyKeys, asked: object, options: AskOptions = {}): Promise<Answer> {
    const { family: hash, tombstones, pointer, holds, revoked } = family;
    const keys = [hash, tombstones, pointer, holds, revoked];
    return this.redis.ask({
      script,
      keys,
      asked: { ...asked, tombstoneMs: this.#tombstoneMs },
      ...options,
    });
  }

  async open(key: SessionKey, options: ReadOptions = {}): Promise<OpenResult> {
    const home = this.keys.family(key);
    const near = this.remembered.get(key)?.family;
    const elsewhere = near && near.tag !== home.tag ? near : undefined;
    // Who does not hold it has no business at its home.
    const { lease } = options;
    const [seen, atHome] = await Promise.all([
      elsewhere && this.#read(elsewhere, key, { ...options, lease: undefined }),
      elsewhere && !lease ? undefined : this.#read(home, key, options),
    ]);
    if (atHome?.status === 'busy') return { status: 'busy' };
    if (seen?.status === 'found') return seen;
    if (atHome?.status !== 'found') this.remembered.forget(key);
    const there = atHome ?? (await this.#read(home, key, options));
    if (there.status !== 'pointed') {
      const isExpired = there.status === 'missing' && seen?.status === 'expired';
      return isExpired ? { status: 'expired' } : there;
    }
    const family = this.keys.ofTag(there.tag);
    const read = await this.#read(family, key, { ...options, lease: undefined });
    if (read.status === 'found') return read;
    return { status: there.isExpired || read.status === 'expired' ? 'expired' : 'missing' };
  }

  /** Where a session lives now, and what it is. */
  async stand(key: SessionKey): Promise<Standing | undefined> {
    const opened = await this.open(key, { isBrief: true });
    return opened.status === 'found' ? this.remembered.get(key) : undefined;
  }

  /** Asks where the session was seen last, and where it is if it is not there. */
  async askWhereItIs(
    key: SessionKey,
    ask: (family: FamilyKeys) => Promise<Answer>,
  ): Promise<{ readonly answer: Answer; readonly family: FamilyKeys } | undefined> {
    const family = this.remembered.get(key)?.family ?? this.keys.family(key);
    const answer = await ask(family);
    if (answer.parts[0] !== 'missing') return { answer, family };
    this.remembered.forget(key);
    const standing = await this.stand(key);
    if (!standing) return undefined;
    return { answer: await ask(standing.family), family: standing.family };
  }

  async #read(
    family: FamilyKeys,
    key: SessionKey,
    { known, lease, isBrief = false }: ReadOptions,
  ): Promise<Read> {
    const held = known && readSegment(known.segment);
    const asked = {
      id: shortTagOf(key.id),
      isHome: family.tag === this.keys.family(key).tag,
      isBrief,
      maxBytes,
      ...(lease ? { holder: shortTagOf(lease.holder), ttlMs: lease.ttlMs } : {}),
      ...(known && held ? { segment: held.segment, length: known.length } : {}),
      texts: known?.texts ?? [],
    };
    const { parts, era } = await this.ask(scripts.open, family, asked);
    const [status, ...rest] = parts;
    switch (status) {
      case 'busy':
        return { status };
      case 'missing':
        return { status: rest[0] === 'expired' ? 'expired' : 'missing' };
      case 'pointed':
        return { status, isExpired: rest[0] === 'expired', tag: String(rest[1]).split(' ')[0] ?? '' };
      case 'found':
        break;
      default:
        throw corrupt();
    }
    const record = readRecord(rest[0], era);
    checkOf(record, key, key.id);
    this.remembered.put(key, { record, family });
    if (isBrief) return { status, record, from: 0, messages: [], texts: [] };
    const from = Number(rest[1]);
    // What he remembers is of a time that may have been lost.
    if (from > 0 && held?.era !== era)
      return this.#read(family, key, { lease, known: { segment: '', length: 0, texts: known?.texts ?? [] } });
    const messages = texts(rest[2]);
    for (let piece = 0; from + messages.length < record.length; piece += 1) {
      if (piece > maxPieces) throw corrupt();
      const next = await this.ask(scripts.open, family, {
        ...asked,
        texts: [],
        from: from + messages.length,
      });
      // Cut or deleted meanwhile: what it is now is another question.
      if (next.parts[0] !== 'found' || next.era !== era) return this.#read(family, key, { known, lease });
      const standing = readRecord(next.parts[1], era);
      if (standing.handle !== record.handle || standing.version !== record.version)
        return this.#read(family, key, { known, lease });
      const more = texts(next.parts[3]);
      if (more.length === 0) throw corrupt();
      for (const message of more) messages.push(message);
    }
    return { status, record, from, messages, texts: pairs(texts(rest[3])) };
  }
}

function pairs(list: readonly string[]): SharedText[] {
  const found: SharedText[] = [];
  for (let at = 0; at + 1 < list.length; at += 2)
    found.push({ digest: list[at] ?? '', json: list[at + 1] ?? '' });
  return found;
}
