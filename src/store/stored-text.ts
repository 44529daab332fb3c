// Messages, system texts and tools ↔ the JSON that durable stores keep. What was written or read once is neither
// written nor weighed again.
import { hash } from 'node:crypto';
import { setImmediate as nextTick } from 'node:timers/promises';
import { ProxyError } from '../conversation/errors.ts';
import type { Fold, History } from '../conversation/history.ts';
import { isMessage } from '../conversation/is-message.ts';
import type { Message } from '../conversation/message.ts';
import { isLarge } from '../streams/json-pieces.ts';
import { parseExact, parseLongExact, smallBody } from '../streams/read-json.ts';
import { jsonText } from '../streams/write-json.ts';
import type { SharedText } from './records.ts';

const sizes = new WeakMap<Message, number>();

/** Characters that are parsed or written before others get their turn. */
const sliceLength = 500_000;

function writeMessage(message: Message): string {
  return sized(message, JSON.stringify(message));
}

function sized(message: Message, json: string): string {
  if (!sizes.has(message)) sizes.set(message, Buffer.byteLength(json));
  return json;
}

/** With turns for others where there is much to write. */
export async function writeMessages(messages: Iterable<Message>): Promise<string[]> {
  const texts: string[] = [];
  let written = 0;
  for (const message of messages) {
    const text = isLarge(message) ? sized(message, await jsonText(message)) : writeMessage(message);
    texts.push(text);
    written += text.length;
    if (written < sliceLength) continue;
    written = 0;
    await nextTick();
  }
  return texts;
}

/** @throws ProxyError `store_corrupt` */
export async function readMessages(texts: readonly string[]): Promise<Message[]> {
  const messages: Message[] = [];
  let read = 0;
  for (const text of texts) {
    const message = text.length > smallBody ? await readLongJson(text) : readJson(text);
    if (!isMessage(message)) throw corrupt();
    sizes.set(message, Buffer.byteLength(text));
    messages.push(message);
    read += text.length;
    if (read < sliceLength) continue;
    read = 0;
    await nextTick();
  }
  return messages;
}

/** @throws ProxyError `store_corrupt` */
export function readJson(text: string): unknown {
  try {
    return parseExact(text);
  } catch (cause) {
    throw corrupt(cause);
  }
}

async function readLongJson(text: string): Promise<unknown> {
  try {
    return await parseLongExact(text);
  } catch (cause) {
    throw corrupt(cause);
  }
}

export function corrupt(cause?: unknown): ProxyError {
  return new ProxyError(
    'store_corrupt',
    'What is stored of this session is damaged. Delete it, or start a new one.',
    {
      param: 'sessionId',
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** As JSON. */
export function bytesOf(message: Message): number {
  return sizes.get(message) ?? Buffer.byteLength(writeMessage(message));
}

export function bytesOfAll(history: History): number {
  return history.fold(byteCount);
}

const byteCount: Fold<number> = {
  start: () => 0,
  step: (bytes, message) => bytes + bytesOf(message),
};

/** Lists that stay the same for many turns, and in many sessions: each is held once while anybody uses it. */
export class SharedLists {
  readonly #texts = new WeakMap<object, SharedText>();
  readonly #bytes = new WeakMap<object, number>();
  readonly #lists = new Map<string, WeakRef<readonly unknown[]>>();
  readonly #gone = new FinalizationRegistry<string>(digest => {
    if (!this.#lists.get(digest)?.deref()) this.#lists.delete(digest);
  });

  write(list: readonly unknown[]): SharedText {
    const known = this.#texts.get(list);
    if (known) return known;
    const json = JSON.stringify(list);
    const text = { digest: hash('sha256', json, 'base64url'), json };
    this.#keep(list, text);
    return text;
  }

  /** As JSON. Tools are large, and the same in every turn. */
  bytesOf(list: readonly unknown[]): number {
    const known = this.#bytes.get(list);
    if (known !== undefined) return known;
    const bytes = Buffer.byteLength(this.write(list).json);
    this.#bytes.set(list, bytes);
    return bytes;
  }

  read(text: SharedText): readonly unknown[] {
    const known = this.#lists.get(text.digest)?.deref();
    if (known) return known;
    const list = readJson(text.json);
    if (!Array.isArray(list)) throw corrupt();
    this.#keep(list, text);
    return list;
  }

  #keep(list: readonly unknown[], text: SharedText): void {
    this.#texts.set(list, text);
    this.#lists.set(text.digest, new WeakRef(list));
    this.#gone.register(list, text.digest);
  }
}
