// A session as it stands after a turn.
import type { History } from '../conversation/history.ts';
import type { Session, SessionKey, Turn } from '../conversation/session.ts';

export interface NextSession {
  readonly turn: Turn;
  readonly before: Session | undefined;
  readonly messages: History;
  /** Under which id what was there stays as it was. */
  readonly leftBehindId: string | undefined;
  readonly atMs: number;
  readonly limits: { readonly sessionIdleMs: number; readonly transcriptIdleMs: number };
}

export function nextSession(
  key: SessionKey,
  { turn, before, messages, leftBehindId, atMs, limits }: NextSession,
): Session {
  const { model, system, tools, cuts, parent } = turn;
  const first = before ?? turn;
  const { dialect, label, idleMs } = first;
  // Its client may go on in other words, so that nobody comes back to it.
  const isOnce = !before && dialect === 'transcript' && turn.reply !== undefined && !turn.isNamed;
  const { sessionIdleMs, transcriptIdleMs } = limits;
  const livesMs = idleMs ?? (isOnce ? Math.min(sessionIdleMs, transcriptIdleMs) : sessionIdleMs);
  return {
    key,
    version: (before?.version ?? 0) + 1,
    createdAtMs: before?.createdAtMs ?? atMs,
    updatedAtMs: atMs,
    expiresAtMs: atMs + livesMs,
    idleMs,
    model,
    dialect,
    label,
    parentId: leftBehindId ?? (before ? before.parentId : parent?.id),
    rootId: before?.rootId ?? parent?.rootId ?? key.id,
    system,
    messages,
    tools,
    cuts,
  };
}
