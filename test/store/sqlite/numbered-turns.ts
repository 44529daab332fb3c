// Turns that tell which they are, so that what is found can be compared with what was acknowledged.
import type { SessionKey } from '../../../src/conversation/session.ts';
import type { TurnRecord } from '../../../src/store/records.ts';

export const keyOf = (id: string): SessionKey => ({ owner: 'ada', user: undefined, id });

const text = { digest: 'digest-of-an-empty-list', json: '[]' };
const messagesPerTurn = 3;

export function turnOf(id: string): TurnRecord {
  const messages = Array.from({ length: messagesPerTurn }, (_, at) =>
    JSON.stringify({ turn: id, at, said: 'word '.repeat(40) }),
  );
  return {
    id,
    model: 'm',
    dialect: 'session',
    system: text,
    systemLength: 0,
    tools: text,
    keep: Number.MAX_SAFE_INTEGER,
    messages,
    hints: [Buffer.from(id.padEnd(16).slice(-16)).toString('base64url')],
    mark: { key: id, ttlMs: 60_000, turn: '{}' },
    livesMs: 3_600_000,
    isTooLarge: false,
  };
}

/** The turns that a history holds. @throws where one is not whole. */
export function turnsIn(messages: readonly string[]): string[] {
  const turns: string[] = [];
  for (const [place, json] of messages.entries()) {
    const { turn, at } = JSON.parse(json) as { turn: string; at: number };
    if (at !== place % messagesPerTurn) throw new Error(`half a turn: ${turn}`);
    if (at === 0) turns.push(turn);
    else if (turns.at(-1) !== turn) throw new Error(`two turns in one: ${turn}`);
  }
  if (messages.length % messagesPerTurn !== 0) throw new Error('half a turn at the end');
  return turns;
}
