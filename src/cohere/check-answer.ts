// How much an answer of Cohere's, or of what stands in its place, may hold: a model's answers are far below, and what is above
// would keep everybody waiting, now and whenever its session goes on.
import { isUtf8 } from 'node:buffer';
import { ProxyError } from '../conversation/errors.ts';
import { type JsonLimits, JsonScan, type RefuseJson } from '../conversation/scan-json.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { readJson, readSmallJson, smallBody } from '../streams/read-json.ts';

export interface AnswerLimits {
  readonly upstreamDepth: number;
  readonly upstreamValues: number;
  readonly upstreamBlocks: number;
  readonly upstreamCalls: number;
  readonly upstreamCitations: number;
  readonly jsonKeys: number;
  readonly textBytes: number;
}

const refuseAnswer: RefuseJson = what =>
  new ProxyError('upstream_invalid_response', `Cohere's answer ${what}.`);

function jsonLimits({ upstreamDepth, upstreamValues, jsonKeys, textBytes }: AnswerLimits): JsonLimits {
  return { jsonDepth: upstreamDepth, jsonValues: upstreamValues, jsonKeys, textBytes };
}

const byteOrderMark = Buffer.from('\ufeff');

/** A whole answer. @throws ProxyError */
export async function parseAnswer(bytes: Buffer, limits: AnswerLimits): Promise<unknown> {
  // What is no Unicode is replaced, as in a stream; a byte order mark says nothing.
  const text = isUtf8(bytes) ? bytes : Buffer.from(bytes.toString());
  const json = text.subarray(0, byteOrderMark.length).equals(byteOrderMark)
    ? text.subarray(byteOrderMark.length)
    : text;
  return json.length > smallBody
    ? readJson(json, jsonLimits(limits), refuseAnswer)
    : readSmallJson(json, jsonLimits(limits), refuseAnswer);
}

/** Counts all that one answer holds. */
export class AnswerSize {
  readonly #limits: AnswerLimits;
  readonly #blocks = new Set<number>();
  #calls = 0;
  #citations = 0;
  #citationValues = 0;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  /** Of one event of a stream, before it is parsed. @throws ProxyError */
  checkJson(data: string): void {
    const { upstreamDepth, upstreamValues } = this.#limits;
    // Each level is opened and closed.
    if (data.length <= 2 * upstreamDepth) return;
    const scan = new JsonScan(
      Buffer.from(data),
      jsonLimits(this.#limits),
      Number.POSITIVE_INFINITY,
      refuseAnswer,
    );
    while (!scan.step());
    if (!data.includes('"citation-start"')) return;
    this.#citationValues += scan.values;
    if (this.#citationValues > upstreamValues)
      throw refuseAnswer(`holds more than ${upstreamValues} JSON values in its citations`);
  }

  /** @throws ProxyError */
  add(event: TurnEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
        this.#blocks.add(event.index);
        check(this.#blocks.size, this.#limits.upstreamBlocks, 'content blocks');
        break;
      case 'tool-call-start':
        this.#calls += 1;
        check(this.#calls, this.#limits.upstreamCalls, 'tool calls');
        break;
      case 'citation':
        this.#citations += 1;
        check(this.#citations, this.#limits.upstreamCitations, 'citations');
        break;
      default:
    }
  }
}

function check(count: number, max: number, what: string): void {
  if (count > max) throw refuseAnswer(`holds more than ${max} ${what}`);
}
