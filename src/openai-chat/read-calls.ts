// Tool calls in a transcript, and which result belongs to which: by id, and where a server gave none, by their order.
import type { AdjustmentNotes } from '../conversation/adjustments.ts';
import type { ToolCall } from '../conversation/message.ts';
import type { Fields } from './read-part.ts';

/** Goes through the messages of one request, in order. */
export class CallReader {
  readonly #notes: AdjustmentNotes;
  /** Legacy `function_call`s have no id: the result that follows is tied to its call by position. */
  #legacyCalls = 0;
  #madeIds = 0;
  /** Of the last message that calls tools, those without a result yet. */
  #open = new Set<string>();

  constructor(notes: AdjustmentNotes) {
    this.#notes = notes;
  }

  /** @param inContent calls that stand among the parts, with their paths */
  readCalls(message: Fields, path: string, inContent: readonly (readonly [Fields, string])[]): ToolCall[] {
    const { tool_calls: listed, function_call: legacy } = message;
    if (listed === undefined && legacy === undefined && inContent.length === 0) return [];
    const items = Array.isArray(listed) ? listed : isObject(listed) ? [listed] : [];
    if (listed !== null && listed !== undefined && !Array.isArray(listed))
      this.#notes[isObject(listed) ? 'rewritten' : 'dropped'].push(`${path}.tool_calls`);
    const calls = items.flatMap((item: unknown, index) =>
      this.#readCall(item, `${path}.tool_calls[${index}]`, isPlainCall(item)),
    );
    const listedIds = new Set(calls.map(({ id }) => id));
    for (const [part, partPath] of inContent) {
      const [call] = this.#readCall(part, partPath, false);
      // Some clients hold each call twice, as a part and beside the content.
      if (call && !listedIds.has(call.id)) calls.push(call);
    }
    if (calls.length === 0 && isObject(legacy)) calls.push(...this.#readLegacy(legacy, path));
    if (calls.length > 0) this.#open = new Set(calls.map(({ id }) => id));
    return calls;
  }

  /** `''` where it answers no call of this request. */
  readResultId(message: Fields, path: string): string {
    if (message.role === 'function') return this.#close(`function_${this.#legacyCalls}`);
    const given = message.tool_call_id ?? message.toolCallId ?? message.call_id;
    const id = typeof given === 'number' ? String(given) : given;
    if (typeof id === 'string' && id !== '') return this.#close(id);
    const [next = ''] = this.#open;
    if (next !== '') this.#notes.rewritten.push(`${path}.tool_call_id`);
    return this.#close(next);
  }

  #close(id: string): string {
    this.#open.delete(id);
    return id;
  }

  #readLegacy(legacy: Fields, path: string): ToolCall[] {
    this.#legacyCalls += 1;
    const call = { id: `function_${this.#legacyCalls}`, function: legacy };
    return this.#readCall(call, `${path}.function_call`, true);
  }

  /** Nothing where it has no name: nobody can tell what was called. */
  #readCall(item: unknown, path: string, isPlain: boolean): ToolCall[] {
    const call = Object(item) as Fields;
    const called = Object(call.function ?? call.custom ?? item) as Fields;
    const name = called.name ?? call.toolName;
    if (typeof name !== 'string' || name.trim() === '') {
      this.#notes.dropped.push(path);
      return [];
    }
    const { id, isMade } = this.#idOf(call);
    if (isMade || !isPlain) this.#notes.rewritten.push(isMade && isPlain ? `${path}.id` : path);
    return [{ id, name, arguments: argumentsOf(called) }];
  }

  #idOf({ id, call_id, toolCallId }: Fields): { readonly id: string; readonly isMade: boolean } {
    for (const given of [call_id, toolCallId, id]) {
      if (typeof given === 'string' && given !== '') return { id: given, isMade: false };
      if (typeof given === 'number') return { id: String(given), isMade: false };
    }
    // The same each time that the transcript is sent.
    this.#madeIds += 1;
    return { id: `unnamed_${this.#madeIds}`, isMade: true };
  }
}

function argumentsOf(called: Fields): string {
  const { arguments: text, input, args } = called;
  if (typeof text === 'string') return text;
  // A custom tool is called with a text.
  if (typeof input === 'string') return JSON.stringify({ input });
  // Some clients send the parsed object.
  return JSON.stringify(text ?? input ?? args ?? {});
}

function isPlainCall(item: unknown): boolean {
  const { type, function: called } = Object(item) as Fields;
  return (type === undefined || type === null || type === 'function') && isObject(called);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
