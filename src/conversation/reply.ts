// collectReply(): the events of one answer → what the model said, native and whole.
import type { AssistantMessage, Citation, ReasoningPart, TextPart, ToolCall } from './message.ts';
import type { FinishReason, Logprob, TurnEvent, Usage } from './turn-event.ts';
import { isObjectText } from './written-json.ts';

export interface Reply {
  /** Cohere's id of the response. */
  readonly responseId?: string;
  readonly message: AssistantMessage;
  readonly finishReason: FinishReason;
  readonly rawFinishReason: string;
  readonly usage?: Usage;
  readonly logprobs?: readonly Logprob[];
}

/** Far more than any answer has; an index beyond it is nonsense. */
const maxBlocks = 1_000;
const emptyBlock = { type: 'text', text: '' } as const;

interface OpenBlock {
  readonly type: 'text' | 'reasoning';
  text: string;
}

interface OpenCall {
  readonly id: string;
  readonly nativeId: string | undefined;
  readonly name: string;
  arguments: string;
  isEnded: boolean;
}

/** Takes events as they come; `reply()` once `turn-end` was among them. */
export class ReplyCollector {
  #responseId: string | undefined;
  readonly #blocks = new Map<number, OpenBlock>();
  readonly #calls = new Map<number, OpenCall>();
  #toolPlan = '';
  readonly #citations: Citation[] = [];
  readonly #logprobs: Logprob[] = [];
  #end: Extract<TurnEvent, { type: 'turn-end' }> | undefined;

  add(event: TurnEvent): void {
    switch (event.type) {
      case 'turn-start':
        this.#responseId ??= event.responseId;
        return;
      case 'text-delta':
        if (event.text !== '') this.#block(event.index, 'text').text += event.text;
        for (const logprob of event.logprobs ?? []) this.#logprobs.push(logprob);
        return;
      case 'reasoning-delta':
        if (event.text !== '') this.#block(event.index, 'reasoning').text += event.text;
        return;
      case 'tool-plan-delta':
        this.#toolPlan += event.text;
        return;
      case 'tool-call-start': {
        const { index, id, nativeId, name } = event;
        this.#calls.set(index, { id, nativeId, name, arguments: '', isEnded: false });
        return;
      }
      case 'tool-call-delta': {
        const call = this.#calls.get(event.index);
        if (call) call.arguments += event.arguments;
        return;
      }
      case 'tool-call-end': {
        const call = this.#calls.get(event.index);
        if (call) call.isEnded = true;
        return;
      }
      case 'citation':
        this.#citations.push(event.citation);
        return;
      case 'turn-end':
        this.#end ??= event;
        return;
      default:
        event satisfies never;
    }
  }

  /** Neither text nor a call: nothing that a client could show or act upon. */
  get isEmpty(): boolean {
    if (this.#calls.size > 0) return false;
    for (const block of this.#blocks.values()) if (block.type === 'text' && block.text !== '') return false;
    return true;
  }

  /** A call that the output limit cut, by name: it must not be given out as finished. */
  get cutCall(): string | undefined {
    if (this.#end?.finishReason !== 'length') return undefined;
    const calls = inOrder(this.#calls);
    const open = calls.find(({ isEnded }) => !isEnded);
    if (open) return open.name;
    // Nothing follows what was cut.
    const last = calls.at(-1);
    return last && !isObjectText(last.arguments) ? last.name : undefined;
  }

  /** Undefined before the end. */
  reply(): Reply | undefined {
    const end = this.#end;
    if (!end) return undefined;
    const responseId = this.#responseId;
    return {
      ...(responseId === undefined ? {} : { responseId }),
      message: this.#message(),
      finishReason: end.finishReason,
      rawFinishReason: end.rawFinishReason,
      ...(end.usage ? { usage: end.usage } : {}),
      ...(this.#logprobs.length > 0 ? { logprobs: this.#logprobs } : {}),
    };
  }

  #message(): AssistantMessage {
    // A block that brought nothing keeps its place: citations name blocks by their index.
    let size = 0;
    for (const index of this.#blocks.keys()) size = Math.max(size, index + 1);
    const blocks =
      size > maxBlocks
        ? inOrder(this.#blocks)
        : Array.from({ length: size }, (_, index) => this.#blocks.get(index) ?? emptyBlock);
    const parts = blocks.map(({ type, text }): TextPart | ReasoningPart => ({ type, text }));
    const [first] = parts;
    const content = parts.length === 1 && first?.type === 'text' ? first.text : parts;
    const toolCalls = inOrder(this.#calls).map(
      ({ id, nativeId, name, arguments: text }): ToolCall => ({
        id,
        ...(nativeId === undefined ? {} : { nativeId }),
        name,
        arguments: text,
      }),
    );
    return {
      role: 'assistant',
      ...(parts.length > 0 ? { content } : {}),
      ...(this.#toolPlan === '' ? {} : { toolPlan: this.#toolPlan }),
      ...(toolCalls.length > 0 ? { toolCalls } : {}),
      ...(this.#citations.length > 0 ? { citations: this.#citations } : {}),
    };
  }

  #block(index: number, type: OpenBlock['type']): OpenBlock {
    let block = this.#blocks.get(index);
    if (!block) {
      block = { type, text: '' };
      this.#blocks.set(index, block);
    }
    return block;
  }
}

/** @returns undefined where the answer has no end. */
export function collectReply(events: Iterable<TurnEvent>): Reply | undefined {
  const collector = new ReplyCollector();
  for (const event of events) collector.add(event);
  return collector.reply();
}

function inOrder<Value>(byIndex: ReadonlyMap<number, Value>): Value[] {
  return [...byIndex].sort(([a], [b]) => a - b).map(([, value]) => value);
}
