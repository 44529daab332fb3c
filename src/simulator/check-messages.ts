// What each message may hold, and how calls and results must follow each other.
import type { AssistantMessage, ChatBody, ImageBlock, Message, ToolMessage } from './chat-body.ts';
import { checkToolName } from './check-tools.ts';
import { isObject, parseJson } from './json.ts';
import { type Model, supports } from './models.ts';
import { badRequest, invalidToolGeneration, Refusal } from './refusal.ts';

export function checkMessages(body: ChatBody, model: Model): void {
  const { messages } = body;
  if (messages.length === 0) throw badRequest('invalid request: messages must not be empty.');
  for (const [index, message] of messages.entries()) {
    checkContent(message, index);
    if (message.role === 'assistant') checkAssistant(message, index, model);
  }
  checkCallOrder(messages);
  if (!messages.some(message => message.role === 'user')) {
    throw badRequest('invalid request: messages must contain at least one message with role user.');
  }
  checkImages(messages, model);
  // Reported: without the definitions the model cannot continue what its calls began.
  if (!body.tools && messages.some(message => message.role === 'assistant' && message.toolCalls.length > 0)) {
    throw invalidToolGeneration();
  }
}

function checkContent(message: Message, index: number): void {
  const hasCalls = message.role === 'assistant' && message.toolCalls.length > 0;
  const hasEmptyText = message.content.some(block => block.type === 'text' && block.text === '');
  const hasAnswer = message.content.some(block => block.type !== 'thinking');
  // Not known: a message of thinking alone, an empty text beside others. Both count as empty here.
  if (hasEmptyText || (!hasAnswer && !hasCalls)) {
    throw invalidMessage(index, 'must have non-empty content or tool calls.');
  }
  if (message.role !== 'tool') return;
  for (const [position, block] of message.content.entries()) {
    if (block.type === 'document' && Object.keys(block.document.data).length === 0) {
      throw invalidMessage(index, `document at index ${position} cannot be empty`);
    }
  }
}

/** Models whose prompt has no place for a plan: they think instead. */
const modelsWithoutToolPlan = new Set(['command-a-plus-05-2026', 'north-mini-code-1-0']);

function checkAssistant(message: AssistantMessage, index: number, model: Model): void {
  if (message.toolPlan !== undefined && modelsWithoutToolPlan.has(model.name)) {
    throw invalidMessage(index, '`tool plan` cannot be used with this model.');
  }
  if (message.toolPlan !== undefined && message.toolCalls.length === 0) {
    throw invalidMessage(index, '`tool plan` cannot be used without tool calls.');
  }
  if (!supports(model, 'reasoning') && message.content.some(block => block.type === 'thinking')) {
    throw invalidMessage(index, 'content items of type `thinking` cannot be used with this model.');
  }
  if (message.toolCalls.length === 0) return;
  if (message.content.some(block => block.type === 'text')) {
    throw badRequest("messages with non-empty 'tool_calls' cannot contain content items of type 'text'");
  }
  for (const [position, call] of message.toolCalls.entries()) {
    if (call.id === '') throw invalidMessage(index, 'tool calls must have an id.');
    checkToolName(call.name);
    const parsed = parseJson(call.arguments);
    // Reported: the text "null" passes, "" and "[]" do not.
    if (parsed !== null && !isObject(parsed)) {
      throw badRequest(
        `invalid tool call provided in messages[${index}].tool_calls[${position}]: ` +
          'tool arguments must be a stringified JSON object',
      );
    }
  }
}

/** Every call is answered, once, by the tool messages right after it. */
function checkCallOrder(messages: readonly Message[]): void {
  const known = new Set<string>();
  const open = new Set<string>();
  for (const [index, message] of messages.entries()) {
    if (message.role === 'tool') {
      closeCall(message, index, known, open);
      continue;
    }
    if (open.size > 0) throw unanswered(index - 1, open);
    if (message.role !== 'assistant') continue;
    for (const call of message.toolCalls) {
      if (known.has(call.id)) throw invalidMessage(index, 'cannot have duplicate tool ids');
      known.add(call.id);
      open.add(call.id);
    }
  }
  if (open.size > 0) throw unanswered(messages.length - 1, open);
}

function closeCall(message: ToolMessage, index: number, known: Set<string>, open: Set<string>): void {
  if (!message.toolCallId) throw invalidMessage(index, 'tool call id must be provided with tool message');
  if (!known.has(message.toolCallId)) {
    throw invalidMessage(index, 'tool call id not found in previous tool calls');
  }
  if (!open.delete(message.toolCallId)) {
    throw invalidMessage(index, `tool call id '${message.toolCallId}' has been answered before`);
  }
}

function unanswered(index: number, open: ReadonlySet<string>): Refusal {
  const ids = [...open]
    .slice(0, 10)
    .map(id => `'${id}'`)
    .join(', ');
  return invalidMessage(index, `tool calls must be followed by a tool message each, missing for ${ids}`);
}

const maxImages = 20;
const maxImageBytes = 20 * 1024 * 1024;
const imageUrl = /^https?:\/\/[^\s/]/i;
const imageData = /^data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/]/;

function checkImages(messages: readonly Message[], model: Model): void {
  const images = messages.flatMap(message =>
    message.role === 'user' ? message.content.filter(block => block.type === 'image_url') : [],
  );
  if (images.length === 0) return;
  if (!supports(model, 'vision')) {
    throw badRequest('invalid request: images are not supported with the specified model.');
  }
  if (images.length > maxImages)
    throw badRequest(`invalid request: at most ${maxImages} images are allowed.`);
  for (const image of images) {
    if (!imageUrl.test(image.url) && !imageData.test(image.url)) {
      throw badRequest(
        'invalid request: image_url.url must be a web address or a base64 data URL of an image.',
      );
    }
  }
  const bytes = images.reduce((sum, image) => sum + sizeOf(image), 0);
  if (bytes > maxImageBytes) throw badRequest('invalid request: the images are larger than 20 MB in total.');
  // Reported of every request with an image.
  if (model.name === 'c4ai-aya-vision-32b') {
    throw new Refusal(422, 'no valid response generated', { errorType: 'NO_VALID_RESPONSE_GENERATED' });
  }
}

function sizeOf(image: ImageBlock): number {
  return image.url.startsWith('data:') ? (image.url.length - image.url.indexOf(',') - 1) * 0.75 : 0;
}

function invalidMessage(index: number, problem: string): Refusal {
  return badRequest(`invalid message provided at index ${index}: ${problem}`);
}
