// How many tokens a prompt has: an estimate. The constants are differences between recorded `usage` figures, the rest
// is a count of pieces. One function of the request, so that exact counting can take its place.
import type { ChatBody, Message } from './chat-body.ts';
import type { JsonValue } from './json.ts';
import { countPieces } from './split-tokens.ts';

export interface PromptTokens {
  /** What the model sees, hidden prompt included, images not. */
  readonly input: number;
  /** Reported beside `input`, not inside it. */
  readonly images: number;
  /** What is paid: the developer's own text, and the images. */
  readonly billed: number;
  /** The part of `input` before the first message. */
  readonly overhead: number;
  /** The parts of `input` that are messages, in order. */
  readonly messages: readonly number[];
}

/** Where somebody else counts, and better: in the place of the estimate. */
export type CountedPrompt = Pick<PromptTokens, 'input' | 'overhead' | 'messages'>;
export type CountPrompt = (request: JsonValue) => CountedPrompt | undefined;

/** Around one message, by generation of prompt. */
const plainOverhead = 495;
const plainOverheads: ReadonlyMap<string, number> = new Map([
  ['command-r-08-2024', 200],
  ['command-r-plus-08-2024', 200],
  ['command-a-reasoning-08-2025', 1_385],
  ['command-a-plus-05-2026', 900],
]);
const toolSection = 880;
const documentSection = 1_140;
const jsonMode = 64;
const perTool = 20;
const perMessage = 4;
const perCall = 26;
const perResult = 45;
/** Every recorded image counted so: all were small, and nobody fetches a URL here to learn better. */
const perImage = 259;

export function countTokens(body: ChatBody): PromptTokens {
  let overhead = plainOverheads.get(body.model) ?? plainOverhead;
  let billed = 0;
  if (body.tools) {
    overhead += toolSection;
    for (const tool of body.tools) {
      const tokens = countJson([tool.name, tool.description, tool.parameters]);
      overhead += perTool + tokens;
      billed += tokens;
    }
  }
  if (body.documents) {
    overhead += documentSection;
    for (const document of body.documents) {
      const tokens = countJson(document.data);
      overhead += perTool + tokens;
      billed += tokens;
    }
  }
  if (body.responseFormat?.type === 'json_object') {
    overhead += jsonMode + (body.responseFormat.schema ? countJson(body.responseFormat.schema) : 0);
  }
  let imageCount = 0;
  const messages = body.messages.map(message => {
    const tokens = countMessage(message);
    imageCount += tokens.images;
    billed += tokens.billed;
    return tokens.input;
  });
  const images = imageCount * perImage;
  return {
    input: messages.reduce((sum, tokens) => sum + tokens, overhead),
    images,
    billed: billed + images,
    overhead,
    messages,
  };
}

interface MessageTokens {
  readonly input: number;
  readonly billed: number;
  readonly images: number;
}

function countMessage(message: Message): MessageTokens {
  let billed = 0;
  let markup = perMessage;
  let images = 0;
  for (const block of message.content) {
    if (block.type === 'image_url') images += 1;
    else if (block.type === 'document') billed += countJson(block.document.data);
    else billed += countPieces(block.type === 'text' ? block.text : block.thinking);
  }
  if (message.role === 'tool') markup += perResult;
  if (message.role === 'assistant') {
    billed += countPieces(message.toolPlan ?? '');
    for (const call of message.toolCalls) {
      billed += countPieces(call.name) + countPieces(call.arguments);
      markup += perCall;
    }
  }
  return { input: billed + markup + images, billed, images };
}

function countJson(value: JsonValue): number {
  return countPieces(JSON.stringify(value));
}
