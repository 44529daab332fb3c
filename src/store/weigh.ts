// What sessions take in memory, roughly.
import type { Tool } from '../conversation/chat-request.ts';
import type { Message } from '../conversation/message.ts';
import type { Logprob } from '../conversation/turn-event.ts';

/** What may be held by several. Immutable: what was weighed once weighs the same. */
export type Held = Message | readonly Logprob[];

/** What a message costs beside its text: object, key names, map entries. Measured at 150–250 bytes. */
const messageOverheadBytes = 200;

/** A message's place in the list of one session, which grows by halves. */
export const placeBytes = 12;

/** A name by which a session can be found. Measured at 450–500 bytes. */
export const hintBytes = 450;

/** Strings at their UTF-8 length, and what carries them. */
export function weigh(thing: Held): number {
  const bytes = bytesOf(thing);
  return Array.isArray(thing) ? bytes : bytes + messageOverheadBytes;
}

/** Each session's own, although they may be shared as well. */
export function weighTools(tools: readonly Tool[]): number {
  return tools.length === 0 ? 0 : bytesOf(tools);
}

/** About as many as it has as JSON, which is not written for it: that would take long where it is large. */
function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 2;
  if (typeof value !== 'object' || value === null) return 5;
  let bytes = 2;
  if (Array.isArray(value)) for (const item of value) bytes += bytesOf(item) + 1;
  else
    for (const [key, inner] of Object.entries(value))
      if (inner !== undefined) bytes += key.length + 4 + bytesOf(inner);
  return bytes;
}
