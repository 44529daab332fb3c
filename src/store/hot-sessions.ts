// Sessions of a durable store that were used lately, as they stood then. Only what is derived from messages and spared
// to be read again: whether one still stands so the store is asked each time.
import type { Session, SessionKey } from '../conversation/session.ts';
import type { SessionRecord } from './records.ts';
import { nameOf } from './resident-sessions.ts';
import { bytesOfAll } from './stored-text.ts';

export interface Hot {
  readonly session: Session;
  readonly record: SessionRecord;
}

export interface HotLimits {
  readonly sessions: number;
  readonly sessionStoreBytes: number;
}

/** What a session and a message cost beside their text. */
const sessionOverheadBytes = 2_000;
const messageOverheadBytes = 200;

export class HotSessions {
  readonly #limits: HotLimits;
  /** The longest unused first. */
  readonly #hot = new Map<string, { readonly hot: Hot; readonly bytes: number }>();
  #bytes = 0;

  constructor(limits: HotLimits) {
    this.#limits = limits;
  }

  get(key: SessionKey): Hot | undefined {
    const name = nameOf(key);
    const entry = this.#hot.get(name);
    if (!entry) return undefined;
    this.#hot.delete(name);
    this.#hot.set(name, entry);
    return entry.hot;
  }

  put(hot: Hot): void {
    const { key, messages } = hot.session;
    const name = nameOf(key);
    const known = this.#hot.get(name)?.hot.record;
    // Answers may come late; what is older is not kept.
    if (known?.handle === hot.record.handle && known.version > hot.record.version) return;
    this.drop(key);
    const bytes = bytesOfAll(messages) + messages.length * messageOverheadBytes + sessionOverheadBytes;
    this.#hot.set(name, { hot, bytes });
    this.#bytes += bytes;
    const { sessions, sessionStoreBytes } = this.#limits;
    for (const [oldest, entry] of this.#hot) {
      if (this.#hot.size <= sessions && this.#bytes <= sessionStoreBytes) break;
      this.#hot.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  drop(key: SessionKey): void {
    const name = nameOf(key);
    this.#bytes -= this.#hot.get(name)?.bytes ?? 0;
    this.#hot.delete(name);
  }

  clear(): void {
    this.#hot.clear();
    this.#bytes = 0;
  }
}
