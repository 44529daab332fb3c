// collectReply(): the events of one answer → what the model said, native and whole.
import type { AssistantMessage, Citation, ReasoningPart, TextPart, ToolCall } from './message.ts';
import type { FinishReason, Logprob, TurnEvent, Usage } from './turn-event.ts';
import { isObjectText } from './written-json.ts';

type EndEvent = Extract<TurnEvent, { type: 'turn-end' }>;

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
  #end: EndEvent | undefined;

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

  /** Neither text nor a call, and no reason for it: nothing that a client could show or act upon. */
  get isEmpty(): boolean {
    if (this.#calls.size > 0 || this.#end?.mayBeEmpty) return false;
    for (const block of this.#blocks.values()) if (block.type === 'text' && block.text !== '') return false;
    return true;
  }

  /** Undefined before the end. */
  reply(): Reply | undefined {
    const end = this.#end;
    if (!end) return undefined;
    const responseId = this.#responseId;
    const message = this.#message(end);
    return {
      ...(responseId === undefined ? {} : { responseId }),
      message,
      finishReason: message.cutCalls ? 'length' : end.finishReason,
      rawFinishReason: end.rawFinishReason,
      ...(end.usage ? { usage: end.usage } : {}),
      ...(this.#logprobs.length > 0 ? { logprobs: this.#logprobs } : {}),
    };
  }

  #message(end: EndEvent): AssistantMessage {
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
    const calls = inOrder(this.#calls);
    const cut = mayBeCut(end) ? calls.filter(isCut) : [];
    const isLeftOut = new Set(cut);
    const toolCalls = calls
      .filter(call => !isLeftOut.has(call))
      .map(
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
      ...(cut.length > 0 ? { cutCalls: cut.map(({ id }) => id) } : {}),
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

/** Nothing follows what was cut; but streams may give several calls at once. */
function isCut({ isEnded, arguments: text }: OpenCall, index: number, calls: readonly OpenCall[]): boolean {
  return (!isEnded || index === calls.length - 1) && !isObjectText(text);
}

/** Not where the model ended by itself: broken arguments are its own then, and clients tell it so. */
function mayBeCut({ finishReason, mayBeEmpty }: EndEvent): boolean {
  return finishReason === 'length' || finishReason === 'other' || mayBeEmpty === true;
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
