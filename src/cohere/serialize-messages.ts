// Messages → the bytes that stand between `"messages":[` and `]`. Those of a history are written once and kept in
// one piece: turn 1,000 of a session formats what is new in it, and copies the rest.
import type { Fold } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import type { Passage } from '../conversation/passage.ts';
import { type FormatOptions, formatMessage, type MessageForm } from './format-messages.ts';
import { plainName, type ToolNames } from './tool-names.ts';

/** In pieces, with their commas. */
export function serializeMessages(messages: Passage, form: MessageForm, names: ToolNames): Buffer[] {
  const options: FormatOptions = { form, toolName: name => names.toCohere(name) };
  // Results name their call by Cohere's own id, which another message holds; names that collide depend on what else
  // is offered. Both are rare, and then everything is written anew.
  if (messages.facts.holdsNativeIds || !names.isPlain) {
    const nativeIds = nativeCallIds(messages);
    return joined([
      Buffer.concat(
        joined(
          [...messages].map(message => write(message, { ...options, callId: id => nativeIds.get(id) ?? id })),
        ),
      ),
    ]);
  }
  const { lead, rest } = messages;
  return joined([
    ...lead.map(message => write(message, options)),
    bytesOf(messages, form),
    ...rest.map(message => write(message, options)),
  ]);
}

function write(message: Message, options: FormatOptions): Buffer {
  const formatted = formatMessage(message, options).map(part => JSON.stringify(part));
  return Buffer.from(formatted.join(','));
}

function joined(pieces: readonly Buffer[]): Buffer[] {
  const said = pieces.filter(piece => piece.length > 0);
  return said.flatMap((piece, index) => (index === 0 ? [piece] : [comma, piece]));
}

const comma = Buffer.from(',');

/** All that is kept for histories that may go on; the longest unused goes first, and is written anew if it is needed. */
const maxKeptBytes = 64 * 1024 * 1024;
let keptBytes = 0;
const inUse = new Set<Written>();

/** Only the first `length` bytes are written. */
class Written {
  length = 0;
  isGone = false;
  #bytes: Buffer = Buffer.alloc(0);

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.length);
  }

  add(piece: Buffer): void {
    if (piece.length === 0 || this.isGone) return;
    const start = this.length === 0 ? 0 : this.length + comma.length;
    const end = start + piece.length;
    if (end > this.#bytes.length) {
      const room = Buffer.allocUnsafeSlow(Math.max(end, Math.floor(this.#bytes.length * 1.5)));
      this.#bytes.copy(room, 0, 0, this.length);
      if (inUse.has(this)) keptBytes += room.length - this.#bytes.length;
      this.#bytes = room;
    }
    if (start > 0) comma.copy(this.#bytes, this.length);
    piece.copy(this.#bytes, start);
    this.length = end;
  }

  /** What is kept too much goes; this one was used last. */
  keep(): void {
    if (!inUse.delete(this)) keptBytes += this.#bytes.length;
    inUse.add(this);
    for (const oldest of inUse) {
      if (keptBytes <= maxKeptBytes || oldest === this) break;
      oldest.#drop();
    }
  }

  #drop(): void {
    inUse.delete(this);
    keptBytes -= this.#bytes.length;
    this.#bytes = Buffer.alloc(0);
    this.length = 0;
    this.isGone = true;
  }
}

const folds = new WeakMap<MessageForm, Fold<Written>>();

function foldOf(form: MessageForm): Fold<Written> {
  let fold = folds.get(form);
  if (!fold) {
    fold = {
      start: () => new Written(),
      step(written, message) {
        if (!written.isGone) written.add(write(message, { form, toolName: plainName }));
        return written;
      },
    };
    folds.set(form, fold);
  }
  return fold;
}

/** The bytes of a history; valid until the next call. */
function bytesOf({ history, view }: Passage, form: MessageForm): Buffer {
  if (history.length === 0) return Buffer.alloc(0);
  const fold = foldOf(form);
  let written = history.fold(fold, view);
  if (written.isGone) {
    history.forget(fold, view);
    written = history.fold(fold, view);
  }
  written.keep();
  return written.bytes;
}

function nativeCallIds(messages: Iterable<Message>): ReadonlyMap<string, string> {
  const calls = [...messages].flatMap(message =>
    message.role === 'assistant' ? (message.toolCalls ?? []) : [],
  );
  // Cohere refuses the same id twice, its own included.
  const taken = new Set(calls.map(call => call.id));
  const ids = new Map<string, string>();
  for (const { id, nativeId } of calls) {
    if (nativeId === undefined || taken.has(nativeId)) continue;
    taken.add(nativeId);
    ids.set(id, nativeId);
  }
  return ids;
}
