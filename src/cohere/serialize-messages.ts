// Messages → the bytes that stand between `"messages":[` and `]`. Those of a history are written once and kept in
// one piece: turn 1,000 of a session formats what is new in it, and copies the rest.
import type { Fold } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import { NativeCallIds, nativeCallIds } from '../conversation/native-call-ids.ts';
import type { Passage } from '../conversation/passage.ts';
import { isLarge, jsonPieces } from '../streams/json-pieces.ts';
import type { Slices } from '../streams/slices.ts';
import {
  type FormatOptions,
  formatMessage,
  lookThroughArguments,
  type MessageForm,
} from './format-messages.ts';
import { plainName, type ToolNames } from './tool-names.ts';

/** In pieces, with their commas; they are to be copied before anything else is written. Large messages come first, in slices. */
export function* serializeMessages(messages: Passage, form: MessageForm, names: ToolNames): Slices<Buffer[]> {
  // Names that collide depend on what else is offered: then everything is written anew.
  if (!names.isPlain) {
    const renamed = { form, toolName: (name: string) => names.toCohere(name) };
    return joined(yield* writeAll([...messages], renamed, new NativeCallIds()));
  }
  const { lead, history, view, rest } = messages;
  const options = { form, toolName: plainName };
  const before = yield* writeAll(lead, options, new NativeCallIds());
  const callIds = new NativeCallIds(history.fold(nativeCallIds, view));
  const after = yield* writeAll(rest, options, callIds);
  yield* writeHistory(messages, form);
  return joined([...before, bytesOf(messages, form), ...after]);
}

function write(message: Message, options: FormatOptions): Buffer {
  const formatted = formatMessage(message, options).map(part => JSON.stringify(part));
  return Buffer.from(formatted.join(','));
}

/** Bytes that are written before others get their turn. */
const sliceBytes = 512 * 1024;

function* writeAll(
  messages: readonly Message[],
  named: Omit<FormatOptions, 'callId'>,
  callIds: NativeCallIds,
): Slices<Buffer[]> {
  const options = { ...named, callId: (id: string) => callIds.toCohere(id) };
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (const message of messages) {
    callIds.add(message);
    const piece = isLarge(message) ? yield* writeLarge(message, options) : write(message, options);
    pieces.push(piece);
    bytes += piece.length;
    if (bytes < sliceBytes) continue;
    bytes = 0;
    yield;
  }
  return pieces;
}

function* writeLarge(message: Message, options: FormatOptions): Slices<Buffer> {
  const parts: Buffer[] = [];
  yield* lookThroughArguments(message);
  for (const part of formatMessage(message, options)) {
    const pieces: Buffer[] = [];
    for (const piece of jsonPieces(part)) {
      pieces.push(Buffer.from(piece));
      if (piece.length > smallPiece) yield;
    }
    parts.push(Buffer.concat(pieces));
    yield;
  }
  const [only, ...others] = parts;
  return only && others.length === 0 ? only : Buffer.concat(joined(parts));
}

/** What is shorter takes no time. */
const smallPiece = 16 * 1024;

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
  /** A result names its call by Cohere's id, which the message with the call holds. */
  readonly callIds = new NativeCallIds();
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
        if (written.isGone) return written;
        written.callIds.add(message);
        const ready = readyMessages.get(form)?.get(message);
        if (ready) readyMessages.get(form)?.delete(message);
        written.add(ready ?? write(message, optionsOf(form, written.callIds)));
        return written;
      },
    };
    folds.set(form, fold);
  }
  return fold;
}

function optionsOf(form: MessageForm, callIds: NativeCallIds): FormatOptions {
  return { form, toolName: plainName, callId: id => callIds.toCohere(id) };
}

/** Large messages of a history that were written before their turn comes, by form. */
const readyMessages = new WeakMap<MessageForm, WeakMap<Message, Buffer>>();

/** Writes what is new in a history, in slices: afterwards `bytesOf` has little to do. */
function* writeHistory({ history, view }: Passage, form: MessageForm): Slices<void> {
  const fold = foldOf(form);
  if (history.length > 0 && history.fold(fold, view).isGone) history.forget(fold, view);
  const ready = readyMessages.get(form) ?? new WeakMap<Message, Buffer>();
  readyMessages.set(form, ready);
  const options = optionsOf(form, history.fold(nativeCallIds, view));
  let bytes = 0;
  for (let place = history.foldedTo(fold, view); place < history.length; place += 1) {
    const message = history.at(place);
    if (message && isLarge(message)) ready.set(message, yield* writeLarge(message, options));
    const { length } = history.take(place + 1).fold(fold, view);
    if (length - bytes < sliceBytes) continue;
    bytes = length;
    yield;
  }
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
