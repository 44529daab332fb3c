// A branch of a session, at a message: what is shared is stored once, and neither side sees what the other adds.
import { z } from 'zod';
import { ProxyError } from '../conversation/errors.ts';
import { cutsWithin } from '../conversation/remembered-cuts.ts';
import { isMadeSessionId, isSessionId, type Session, type Turn } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { labelField } from './read-fields.ts';
import type { TurnMaker } from './turn-maker.ts';

export const forkBody = z.strictObject({
  message_count: z.int().min(1).nullish(),
  session_id: z
    .string()
    .refine(id => isSessionId(id) && !isMadeSessionId(id), {
      error:
        "expected 1 to 128 letters, numbers, underscores or dashes, and no name that begins with 'sess_'",
    })
    .nullish(),
  label: labelField.nullish(),
});

/** @returns the key of the branch. @throws ProxyError `session_conflict` where the name is taken */
export async function forkSession(
  parent: Session,
  { message_count, session_id, label }: z.output<typeof forkBody>,
  store: SessionStore,
  make: TurnMaker,
): Promise<Session['key']> {
  const { key, rootId, messages, system } = parent;
  const all = system.length + messages.length;
  const count = message_count ?? all;
  if (count > all) {
    throw new ProxyError('invalid_value', `Invalid 'message_count': the session has ${all} messages.`, {
      param: 'message_count',
    });
  }
  const kept = messages.take(Math.max(0, count - system.length));
  const turn: Turn = {
    ...make.turn({ ...parent, label: label ?? parent.label }),
    system: system.slice(0, count),
    cuts: cutsWithin(parent.cuts ?? [], kept.length),
    keep: kept.length,
    parent: { id: key.id, rootId, messages: kept },
    // No anchors: a conversation that is recognised goes on where it was, until the branch says something of its own.
    added: [],
  };
  const forkKey = { ...key, id: session_id ?? make.id('sess_') };
  const { status } = await store.append(forkKey, turn, { expectedVersion: 0 });
  if (status === 'conflict') {
    throw new ProxyError('session_conflict', `There is a session '${forkKey.id}' already.`, {
      param: 'session_id',
      shouldRetry: false,
    });
  }
  return forkKey;
}
