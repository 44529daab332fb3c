// Cohere's event stream → ours, synchronously: what one read brought becomes one batch.
// Unknown events, fields and finish reasons pass; a missing end does not.
import { createParser, type EventSourceParser } from 'eventsource-parser';
import { ProxyError } from '../conversation/errors.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { parseExact } from '../streams/read-json.ts';
import { type AnswerLimits, AnswerSize } from './check-answer.ts';
import { checkIsNoError } from './error-in-answer.ts';
import { BlockPlaces, CallPlaces } from './places.ts';
import { readCitation, readEnd, readIndex, readLogprobs, readText, readWritten } from './read-answer.ts';
import { readTextDelta } from './read-text-delta.ts';
import type { ToolNames } from './tool-names.ts';
import type { ReadStreamEvent } from './wire.ts';

export interface ReadStreamOptions {
  readonly toolNames: ToolNames;
  /** One event may be this long. */
  readonly maxEventBytes: number;
  readonly limits: AnswerLimits;
}

export class CohereStreamReader {
  readonly #toolNames: ToolNames;
  readonly #size: AnswerSize;
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  /** Arguments held back while they may still turn out to be none (`null` or nothing), by call. */
  readonly #openCalls = new Map<number, string | undefined>();
  readonly #blocks = new BlockPlaces();
  readonly #calls = new CallPlaces();
  #batch: TurnEvent[] = [];
  #ended = false;

  constructor({ toolNames, maxEventBytes, limits }: ReadStreamOptions) {
    this.#size = new AnswerSize(limits);
    this.#toolNames = toolNames;
    this.#parser = createParser({
      maxBufferSize: maxEventBytes,
      onEvent: event => this.#readData(event.data),
      onError: error => {
        // Unknown fields and odd retry values are none of our business; an event without end is.
        if (error.type === 'max-buffer-size-exceeded') throw invalid('an event beyond the size limit', error);
      },
    });
  }

  /** True once the answer ended as it should. */
  get ended(): boolean {
    return this.#ended;
  }

  /** @throws ProxyError on a malformed event, and where Cohere ends the answer as a failure. */
  push(chunk: Uint8Array): readonly TurnEvent[] {
    this.#batch = [];
    this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
    return this.#counted();
  }

  /** To be called when the connection has closed. @throws ProxyError if the answer had not ended. */
  end(): readonly TurnEvent[] {
    this.#batch = [];
    // A carriage return may be half of a line's end: the parser waits for what follows it.
    if (!this.#ended) this.#parser.feed('\n');
    if (!this.#ended) {
      throw new ProxyError('upstream_interrupted', 'The answer from Cohere broke off before its end.');
    }
    return this.#counted();
  }

  #counted(): readonly TurnEvent[] {
    for (const event of this.#batch) this.#size.add(event);
    return this.#batch;
  }

  #readData(data: string): void {
    if (this.#ended || data === '[DONE]') return;
    const delta = readTextDelta(data);
    if (delta) {
      if (delta.text === '') return;
      const index = this.#blocks.of('text', delta.index);
      this.#batch.push({ type: 'text-delta', index, text: delta.text });
      return;
    }
    this.#size.checkJson(data);
    let event: ReadStreamEvent;
    try {
      event = parseExact(data) as ReadStreamEvent;
    } catch (error) {
      throw invalid('an event that is no JSON', error);
    }
    if (typeof event !== 'object' || event === null || Array.isArray(event))
      throw invalid('an event of another shape');
    checkIsNoError(event);
    this.#readEvent(event);
  }

  #readEvent(event: ReadStreamEvent): void {
    const batch = this.#batch;
    const message = event.delta?.message;
    const given = readIndex(event.index);
    const call = message?.tool_calls;
    const id = readText(call?.id);
    switch (event.type) {
      case 'content-delta':
      case 'content-start': {
        const content = message?.content;
        const type = typeof content?.thinking === 'string' ? 'reasoning' : 'text';
        if (event.type === 'content-start' && given === undefined) this.#blocks.begin(type);
        const text = readText(content?.thinking ?? content?.text);
        if (text === '') return;
        const index = this.#blocks.of(type, given);
        if (type === 'reasoning') {
          batch.push({ type: 'reasoning-delta', index, text });
          return;
        }
        const logprobs = readLogprobs(event.logprobs);
        batch.push({ type: 'text-delta', index, text, ...(logprobs.length > 0 ? { logprobs } : {}) });
        return;
      }
      case 'message-start':
        batch.push({ type: 'turn-start', ...(typeof event.id === 'string' ? { responseId: event.id } : {}) });
        return;
      case 'tool-plan-delta': {
        const text = readText(message?.tool_plan);
        if (text !== '') batch.push({ type: 'tool-plan-delta', text });
        return;
      }
      case 'tool-call-start': {
        const name = this.#toolNames.fromCohere(readText(call?.function?.name));
        const { place, isNew } = this.#calls.begin(given, id, name);
        if (isNew) {
          this.#openCalls.set(place, '');
          batch.push({ type: 'tool-call-start', index: place, id, name });
        }
        this.#readArguments(given, id, readWritten(call?.function?.arguments));
        return;
      }
      case 'tool-call-delta':
        this.#readArguments(given, id, readWritten(call?.function?.arguments));
        return;
      case 'tool-call-end':
        this.#endCall(this.#calls.end(given, id));
        return;
      case 'citation-start': {
        const citation = readCitation(message?.citations);
        if (citation) batch.push({ type: 'citation', citation: this.#blocks.cite(citation) });
        return;
      }
      case 'message-end': {
        const end = readEnd(event.delta ?? {});
        // A call that was cut stays open: whoever collects it can tell.
        if (end.finishReason !== 'length')
          for (const [open, held] of this.#openCalls)
            if (held !== undefined || isModelsOwn(end)) this.#endCall(open);
        this.#ended = true;
        batch.push(end);
        return;
      }
    }
  }

  #readArguments(given: number | undefined, id: string, text: string): void {
    if (text === '') return;
    const index = this.#calls.write(given, id, text);
    if (index === undefined) throw invalid('arguments of no tool call that was begun');
    const held = this.#openCalls.get(index);
    const written = (held ?? '') + text;
    if (held !== undefined && mayBeNoArguments(written)) {
      this.#openCalls.set(index, written);
      return;
    }
    this.#openCalls.set(index, undefined);
    this.#batch.push({ type: 'tool-call-delta', index, arguments: written });
  }

  #endCall(index: number | undefined): void {
    if (index === undefined || !this.#openCalls.has(index)) return;
    // A tool without parameters comes with no delta at all, or with `null`.
    if (this.#openCalls.get(index) !== undefined) {
      this.#batch.push({ type: 'tool-call-delta', index, arguments: '{}' });
    }
    this.#openCalls.delete(index);
    this.#batch.push({ type: 'tool-call-end', index });
  }
}

/** The model ended its answer by itself. */
function isModelsOwn({ finishReason, mayBeEmpty }: Extract<TurnEvent, { type: 'turn-end' }>): boolean {
  return finishReason !== 'other' && mayBeEmpty === undefined;
}

function mayBeNoArguments(text: string): boolean {
  return text.length <= 64 && 'null'.startsWith(text.trim());
}

function invalid(what: string, cause?: unknown): ProxyError {
  return new ProxyError('upstream_invalid_response', `Cohere's stream held ${what}.`, { cause });
}
