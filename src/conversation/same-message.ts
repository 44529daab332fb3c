// Whether a message that a client sends is the stored one: whether their canonical forms are equal, and with them what
// anchors leave out. Nothing is made where both are shaped alike, which is nearly always.
import { answerText, placedImages, reasoningText, spokenText } from './canonical-form.ts';
import type {
  AssistantMessage,
  DocumentPart,
  ImagePart,
  Message,
  TextPart,
  ToolCall,
  ToolMessage,
  UserMessage,
} from './message.ts';
import { isOwnReply } from './origin.ts';
import { type ArgumentRule, isSameArguments, ParseRoom } from './same-arguments.ts';

type SpokenMessage = UserMessage | ToolMessage;
type Part = Exclude<SpokenMessage['content'], string>[number];

export function isSameMessage(stored: Message, sent: Message, room = new ParseRoom()): boolean {
  switch (stored.role) {
    case 'system':
      // Not compared: no two are told to be the same.
      return false;
    case 'user':
      return sent.role === 'user' && hasSameContent(stored, sent);
    case 'tool':
      return sent.role === 'tool' && stored.toolCallId === sent.toolCallId && hasSameContent(stored, sent);
    case 'assistant':
      return sent.role === 'assistant' && isSameAnswer(stored, sent, room);
    default:
      return stored satisfies never;
  }
}

/** What is shorter is not known by its beginning. */
const leastBeginning = 20;

/** Whether one is the other with something behind it: a reminder that was put there, or taken away again. */
export function isSameBeginning(stored: Message, sent: Message): boolean {
  if (stored.role !== 'user' || sent.role !== 'user' || placedImages(stored) !== placedImages(sent))
    return false;
  const [one, other] = [spokenText(stored), spokenText(sent)];
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.length >= leastBeginning && long.startsWith(short);
}

/** Whether a message that was not made here may be given to the model as it is stored: nothing of it differs. */
export function isSameForm(stored: Message, sent: Message): boolean {
  if (stored.role === 'assistant' && sent.role === 'assistant') {
    const { origin: _stored, content: said, ...one } = stored;
    const { origin: _sent, content: brought, ...other } = sent;
    const saysTheSame = said === brought || JSON.stringify(said) === JSON.stringify(brought);
    return saysTheSame && JSON.stringify(one) === JSON.stringify(other);
  }
  if (stored.role === 'assistant' || sent.role === 'assistant') return false;
  if (isText(stored) && isText(sent)) return true;
  const { content: one } = stored;
  const { content: other } = sent;
  if (typeof one === 'string' || typeof other === 'string' || one.length !== other.length) return false;
  return one.every((part, index) => isSameWholePart(part, other[index]));
}

type AnyPart = TextPart | ImagePart | DocumentPart;

/** However it is divided into parts. */
function isText({ content }: Exclude<Message, AssistantMessage>): boolean {
  return typeof content === 'string' || (content as readonly AnyPart[]).every(({ type }) => type === 'text');
}

/** With what is not compared: how an image is to be looked at, and the id under which a document is cited. */
function isSameWholePart(a: AnyPart, b: AnyPart | undefined): boolean {
  switch (a.type) {
    case 'text':
      return b?.type === 'text' && a.text === b.text;
    case 'image':
      return b?.type === 'image' && a.url === b.url && a.detail === b.detail;
    case 'document':
      return b?.type === 'document' && a.id === b.id && JSON.stringify(a.data) === JSON.stringify(b.data);
    default:
      return a satisfies never;
  }
}

function isSameAnswer(stored: AssistantMessage, sent: AssistantMessage, room: ParseRoom): boolean {
  const rule = isOwnReply(stored) ? 'own' : 'foreign';
  if (!hasSameCalls(stored, sent, rule, room) || !saysTheSame(stored, sent)) return false;
  // What a client brought is only known to be its own as far as it is the same.
  return rule === 'own' || reasoningText(stored) === reasoningText(sent);
}

function withoutSpace(text: string): string {
  return text.replace(/\s+/g, '');
}

/** Whether the client brings all that the model said: nothing of it is known here alone. */
export function isShownWhole(stored: AssistantMessage, sent: AssistantMessage): boolean {
  const hidden = withoutSpace(reasoningText(stored) + (stored.toolPlan ?? ''));
  const { toolCalls: calls = [] } = sent;
  return (
    !stored.citations?.length &&
    (hidden === '' || hidden === withoutSpace(reasoningText(sent))) &&
    (stored.toolCalls ?? []).every((call, index) => call.arguments === calls[index]?.arguments)
  );
}

/** Whether the client brings other reasoning than is stored. */
export function hasOtherReasoning(stored: AssistantMessage, sent: AssistantMessage): boolean {
  const [known, brought] = [withoutSpace(reasoningText(stored)), withoutSpace(reasoningText(sent))];
  return known !== '' && brought !== '' && known !== brought;
}

/** Whether both say what was thought, in the same words. */
export function hasSameReasoning(stored: AssistantMessage, sent: AssistantMessage): boolean {
  const brought = reasoningText(sent);
  return brought !== '' && brought === reasoningText(stored);
}

function hasSameContent(a: SpokenMessage, b: SpokenMessage): boolean {
  if (typeof a.content === 'string' && typeof b.content === 'string') return a.content === b.content;
  if (typeof a.content === 'object' && typeof b.content === 'object' && areSame(a.content, b.content))
    return true;
  return spokenText(a) === spokenText(b) && placedImages(a) === placedImages(b);
}

/** Whether nothing needs to be put together to see it. */
function areSame(a: readonly Part[], b: readonly Part[]): boolean {
  return a.length === b.length && a.every((part, index) => isSamePart(part, b[index]));
}

function isSamePart(a: Part, b: Part | undefined): boolean {
  if (a.type === 'text') return b?.type === 'text' && a.text === b.text;
  return a.type === 'image' && b?.type === 'image' && a.url === b.url;
}

function saysTheSame(a: AssistantMessage, b: AssistantMessage): boolean {
  return a.content === b.content || answerText(a) === answerText(b);
}

/** In order. */
function hasSameCalls(
  { toolCalls: stored = [] }: AssistantMessage,
  { toolCalls: sent = [] }: AssistantMessage,
  rule: ArgumentRule,
  room: ParseRoom,
): boolean {
  return (
    stored.length === sent.length && stored.every((call, index) => isSameCall(call, sent[index], rule, room))
  );
}

function isSameCall(
  stored: ToolCall,
  sent: ToolCall | undefined,
  rule: ArgumentRule,
  room: ParseRoom,
): boolean {
  return (
    stored.id === sent?.id &&
    stored.name === sent.name &&
    isSameArguments(stored.arguments, sent.arguments, rule, room)
  );
}
