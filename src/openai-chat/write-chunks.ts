// TurnEvents → OpenAI's stream. One frame an event, all frames of a batch in one string, so that what one read
// brought leaves in one write. Frames are glued from fixed text: only what varies is serialised.
import type { Citation } from '../conversation/message.ts';
import type { TurnEvent } from '../conversation/turn-event.ts';
import { fieldPieces } from '../streams/json-pieces.ts';
import { CitedText } from './write-annotations.ts';
import { type AnswerHead, writeFinishReason, writeLogprob } from './write-completion.ts';
import { writeCarried, writeCitation } from './write-message.ts';
import { writeUsage } from './write-usage.ts';

const doneFrame = 'data: [DONE]\n\n';

type EndEvent = Extract<TurnEvent, { type: 'turn-end' }>;

export class ChunkWriter {
  /** `data: {"id":…,"model":…` */
  readonly #head: string;
  readonly #beforeDelta: string;
  /** With `include_usage` every chunk says `usage: null` but the last. */
  readonly #tail: string;
  readonly #includeUsage: boolean;
  readonly #text = new CitedText();
  readonly #citations: Citation[] = [];
  #hasCalls = false;
  #isOpen = false;

  constructor(head: AnswerHead, options: { readonly includeUsage: boolean }) {
    const { id, created, model } = head;
    const fields = JSON.stringify({ id, object: 'chat.completion.chunk', created, model });
    this.#head = `data: ${fields.slice(0, -1)}`;
    this.#beforeDelta = `${this.#head},"choices":[{"index":0,"delta":{`;
    this.#includeUsage = options.includeUsage;
    this.#tail = options.includeUsage ? ',"usage":null}\n\n' : '}\n\n';
  }

  /** Frames of everything but `turn-end`, which `end` writes. */
  write(batch: readonly TurnEvent[]): string {
    let frames = '';
    if (!this.#isOpen && batch.length > 0) {
      this.#isOpen = true;
      frames = this.#delta('"role":"assistant","content":"","refusal":null');
    }
    for (const event of batch) frames += this.#writeEvent(event);
    return frames;
  }

  /** The last frames: the finish reason, the usage where asked for; the session's fields on the last of them. In pieces. */
  *end({ finishReason, usage }: EndEvent, session: object, carrier?: string): Generator<string> {
    const reason = writeFinishReason(finishReason, this.#hasCalls);
    yield* this.#citationPieces();
    yield this.#writeCarrier(carrier);
    yield `${this.#head},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}]`;
    if (this.#includeUsage) {
      // A usage that Cohere did not give is no usage: zeros would stop clients from condensing.
      const counted = JSON.stringify(usage ? writeUsage(usage) : null);
      yield `${this.#tail}${this.#head},"choices":[],"usage":${counted}`;
    }
    yield ',';
    yield* fieldPieces(session);
    yield `}\n\n${doneFrame}`;
  }

  /** All in one delta: where a list comes in pieces, the official client keeps only the last one. */
  *#citationPieces(): Generator<string> {
    if (this.#citations.length === 0) return;
    const annotations = this.#citations.flatMap(citation => this.#text.annotate(citation));
    const citations = this.#citations.map(writeCitation);
    yield this.#beforeDelta;
    yield* fieldPieces({ annotations, citations });
    yield this.#afterDelta('null');
  }

  /** Whole: whoever joins pieces of `data` may as well join those of two entries. */
  #writeCarrier(carrier: string | undefined): string {
    return carrier === undefined
      ? ''
      : this.#delta(`"reasoning_details":${JSON.stringify(writeCarried(carrier))}`);
  }

  #writeEvent(event: TurnEvent): string {
    switch (event.type) {
      case 'text-delta':
        this.#text.add(event.index, event.text);
        return event.logprobs
          ? this.#delta(
              `"content":${JSON.stringify(event.text)}`,
              JSON.stringify({ content: event.logprobs.map(writeLogprob), refusal: null }),
            )
          : this.#delta(`"content":${JSON.stringify(event.text)}`);
      case 'reasoning-delta':
      case 'tool-plan-delta':
        return this.#delta(`"reasoning_content":${JSON.stringify(event.text)}`);
      case 'tool-call-start': {
        this.#hasCalls = true;
        const { index, id, name } = event;
        const call = { index, id, type: 'function', function: { name, arguments: '' } };
        return this.#delta(`"tool_calls":[${JSON.stringify(call)}]`);
      }
      case 'tool-call-delta': {
        const text = JSON.stringify(event.arguments);
        return this.#delta(`"tool_calls":[{"index":${event.index},"function":{"arguments":${text}}}]`);
      }
      case 'citation':
        this.#citations.push(event.citation);
        return '';
      case 'turn-start':
      case 'tool-call-end':
      case 'turn-end':
        return '';
      default:
        return event satisfies never;
    }
  }

  #delta(fields: string, logprobs = 'null'): string {
    return this.#beforeDelta + fields + this.#afterDelta(logprobs);
  }

  #afterDelta(logprobs: string): string {
    return `},"logprobs":${logprobs},"finish_reason":null}]${this.#tail}`;
  }
}
