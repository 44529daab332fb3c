// Turns as records take them.
import type { SessionKey } from '../../src/conversation/session.ts';
import type { SharedText, TurnRecord } from '../../src/store/records.ts';

export const livesMs = 60_000;

export const key = (id = 's', user?: string, owner = 'ada'): SessionKey => ({ owner, user, id });

export const text = (json: string): SharedText => ({ digest: `digest-of-${json}`, json });

let made = 0;

/** A turn that appends these messages to everything. */
export function turn(messages: readonly string[], more: Partial<TurnRecord> = {}): TurnRecord {
  made += 1;
  return {
    id: `turn_${made}`,
    model: 'm',
    dialect: 'session',
    system: text('[]'),
    systemLength: 0,
    tools: text('[]'),
    keep: Number.MAX_SAFE_INTEGER,
    messages,
    hints: [],
    livesMs,
    isTooLarge: false,
    ...more,
  };
}
