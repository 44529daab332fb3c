// History + what is new → what the model is asked, and what will be stored. Pure.
import { isCompared } from '../conversation/canonical-form.ts';
import type { ChatRequest, Tool } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import type { History } from '../conversation/history.ts';
import {
  holdsImage,
  type JsonObject,
  type Message,
  type SystemMessage,
  textOf,
} from '../conversation/message.ts';
import { Passage } from '../conversation/passage.ts';
import { holdsResultImage, moveResultImages } from '../conversation/result-images.ts';
import {
  answerOpenCalls,
  checkNewMessages,
  isInOrderWith,
  repairTranscript,
} from '../conversation/transcript.ts';
import { parseWritten } from '../conversation/written-json.ts';
import type { Continuation } from './continuation.ts';
import type { Prompt } from './model.ts';

/** What the turn is about, before it is known what of it fits. */
export interface Composed {
  readonly prompt: Prompt;
  readonly system: readonly SystemMessage[];
  /** What the session holds before `added`. */
  readonly history: History;
  readonly added: readonly Message[];
  /** What the session remembers as offered from now on. */
  readonly tools: readonly Tool[];
}

export function composePrompt(request: ChatRequest, continuation: Continuation, model: string): Composed {
  const { session, system, history, told, offset } = continuation;
  const added = answerOpenCalls(history, continuation.added);
  // A conversation that was begun in the same words adds nothing to them but another answer.
  const isAsked =
    added.length > 0 ||
    continuation.isAsked === true ||
    isDue(history) ||
    (history.length === 0 && system.length > 0);
  if (!isAsked && history.length > 0) {
    throw new ProxyError(
      'invalid_value',
      'Nothing new is said, and the conversation does not wait for an answer: its last message is one.',
      { param: 'messages' },
    );
  }
  if (!isAsked) throw userMissing();
  if (request.session.dialect === 'session') checkNewMessages(history, added, offset);
  const asked =
    told === undefined && isInOrderWith(history, added) && !holdsResultImage(history, added)
      ? new Passage({ lead: system, history, rest: added })
      : Passage.of(moveResultImages(repairTranscript([...system, ...(told ?? history), ...added])));
  const messages = history.fold(holdsUser) || added.some(isSaidByUser) ? asked : withUser(asked);
  const tools = request.tools ?? (isOwn(request) ? session?.tools : undefined) ?? [];
  const { offered, toolChoice } = offerTools(request, tools, messages);
  const prompt: Prompt = {
    model,
    messages,
    tools: offered,
    toolChoice,
    strictTools: request.strictTools ?? false,
    settings: request.settings,
    stream: request.stream,
  };
  return { prompt, system, history, added, tools };
}

/** A transcript that names no session may go on from one that another client began in the same words. */
function isOwn({ session: { dialect, id } }: ChatRequest): boolean {
  return dialect === 'session' || id !== undefined;
}

/** An answer that says nothing is none. */
function isDue(history: History): boolean {
  for (let place = history.length - 1; place >= 0; place -= 1) {
    const message = history.at(place);
    if (message?.role !== 'assistant') return true;
    if (isCompared(message)) return false;
  }
  return false;
}

/** Cohere wants a message of the user. Others take the last system text for one, and so does this. */
function withUser(asked: Passage): Passage {
  const messages = [...asked];
  if (messages.some(isSaidByUser)) return asked;
  const place = messages.findLastIndex(message => message.role === 'system' && textOf(message) !== '');
  const said = messages[place];
  if (!said) throw userMissing();
  return Passage.of(messages.with(place, { role: 'user', content: textOf(said) }));
}

function userMissing(): ProxyError {
  return new ProxyError('invalid_value', 'There must be a message of the user, and not an empty one.', {
    param: 'messages',
  });
}

const isSaidByUser = (message: Message) => message.role === 'user' && saysSomething(message);

const holdsUser = {
  start: () => false,
  step: (holds: boolean, message: Message) => holds || isSaidByUser(message),
};

/** Cohere leaves nothing of the others. */
function saysSomething(message: Message): boolean {
  if (message.role === 'tool') return true;
  if (message.role === 'assistant' && message.toolCalls?.length) return true;
  return textOf(message) !== '' || holdsImage(message);
}

function offerTools(request: ChatRequest, tools: readonly Tool[], messages: Passage) {
  const { allowedTools } = request;
  if (allowedTools) {
    const offered = tools.filter(tool => allowedTools.includes(tool.name));
    if (!allowedTools.every(name => tools.some(tool => tool.name === name))) {
      throw new ProxyError('invalid_value', 'tool_choice names a tool that is not among the tools.', {
        param: 'tool_choice',
      });
    }
    return { offered, toolChoice: request.toolChoice ?? 'required' };
  }
  if (request.tools) return { offered: tools, toolChoice: request.toolChoice ?? 'auto' };
  if (request.toolChoice === 'required') {
    if (tools.length === 0) {
      throw new ProxyError('invalid_value', 'tool_choice needs tools.', { param: 'tool_choice' });
    }
    return { offered: tools, toolChoice: request.toolChoice };
  }
  // Said in so many words: the session's tools may be called again.
  if (request.toolChoice === 'auto' && tools.length > 0)
    return { offered: tools, toolChoice: request.toolChoice };
  // The request offers no tools. Where the prompt holds calls, Cohere must know them all the same, or it fails
  // with "invalid tool generation"; they may not be called.
  if (!messages.facts.holdsCalls) return { offered: [], toolChoice: 'auto' as const };
  return { offered: tools.length > 0 ? tools : calledTools(messages), toolChoice: 'none' as const };
}

/** Characters of all arguments: what comes later rarely has other keys. */
const lookedAt = 4 * 1024 * 1024;

/** Minimal definitions of the tools that a conversation has called, made from the calls. */
function calledTools(messages: Iterable<Message>): Tool[] {
  const properties = new Map<string, Set<string>>();
  let looked = 0;
  for (const message of messages) {
    if (message.role !== 'assistant') continue;
    for (const { name, arguments: text } of message.toolCalls ?? []) {
      const names = properties.get(name) ?? new Set();
      looked += text.length;
      if (looked < lookedAt) for (const key of keysOf(text)) names.add(key);
      properties.set(name, names);
    }
  }
  return [...properties].map(([name, keys]) => {
    const schema: JsonObject = Object.fromEntries([...keys].map(key => [key, {}]));
    return { name, parameters: { type: 'object', properties: schema } };
  });
}

function keysOf(text: string): string[] {
  try {
    const value = parseWritten(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
  } catch {
    return [];
  }
}
