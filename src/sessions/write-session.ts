// Sessions as clients see them: in short, whole, and as a line of an export.
import type { JsonObject, Message } from '../conversation/message.ts';
import type { Session } from '../conversation/session.ts';
import { type SessionSummary, summaryOf } from '../store/session-store.ts';
import type { ExpiresAfter } from './read-fields.ts';

export function writeSummary(summary: SessionSummary) {
  const { id, user, label, parentId, model, createdAtMs, updatedAtMs, expiresAtMs, messageCount } = summary;
  return {
    id,
    object: 'session',
    user: user ?? null,
    label: label ?? null,
    parent_id: parentId ?? null,
    model,
    created_at: seconds(createdAtMs),
    updated_at: seconds(updatedAtMs),
    expires_at: seconds(expiresAtMs),
    message_count: messageCount,
  };
}

/** One session, without its messages. */
export function writeHead(session: Session) {
  return { ...writeSummary(summaryOf(session)), expires_after: writeExpiry(session) };
}

/** With what OpenAI's form has no place for: reasoning, tool plans, citations and Cohere's own ids as they are. */
export function writeNative(session: Session) {
  const { dialect, version, tools } = session;
  const messages = messagesOf(session).map(withoutOrigin);
  return { ...writeHead(session), format: 'native', dialect, version, tools, messages };
}

/** What `read-export.ts` reads. */
export function writeExport(session: Session) {
  const { key, rootId, dialect, version, tools } = session;
  const { user, label, parent_id, model, created_at, updated_at } = writeHead(session);
  return {
    object: 'session.export',
    format: 1,
    id: key.id,
    user,
    label,
    parent_id,
    root_id: rootId,
    model,
    dialect,
    version,
    created_at,
    updated_at,
    expires_after: writeExpiry(session),
    tools,
    messages: messagesOf(session),
  };
}

/** The system text first. */
export function messagesOf({ system, messages }: Session): readonly Message[] {
  return [...system, ...messages];
}

/** Who wrote it is for those who go on with it (`read-export.ts`). */
function withoutOrigin(message: Message): Message {
  if (message.role !== 'assistant') return message;
  const { origin: _, ...said } = message;
  return said;
}

function writeExpiry({ idleMs }: Session): (ExpiresAfter & JsonObject) | null {
  return idleMs === undefined ? null : { anchor: 'last_active_at', seconds: Math.ceil(idleMs / 1000) };
}

function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
