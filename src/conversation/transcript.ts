// The legal order of a conversation, as Cohere demands it: each call answered once, directly after the calls;
// each result after its call; no id twice. What breaks it is mended in the prompt, never in the stored history.
import { ProxyError } from './errors.ts';
import type { Fold, History } from './history.ts';
import {
  type AssistantMessage,
  type Message,
  type SystemMessage,
  type ToolMessage,
  textOf,
} from './message.ts';

/** The system messages before the first other one, and the rest. */
export function splitLeadingSystem(messages: readonly Message[]): {
  system: readonly SystemMessage[];
  rest: readonly Message[];
} {
  const system: SystemMessage[] = [];
  for (const message of messages) {
    if (message.role !== 'system') break;
    system.push(message);
  }
  return { system, rest: messages.slice(system.length) };
}

/** What the model is told where a call was never answered. */
const noResult = 'No result: the tool call was not answered.';

/**
 * New messages of a session must fit to its history: a result needs an open call there or among them.
 * `offset`: how many messages of the request stand before them.
 * @throws ProxyError 400 naming `messages[i].tool_call_id`
 */
export function checkNewMessages(history: History, added: readonly Message[], offset = 0): void {
  const open = openCalls(history);
  for (const [index, message] of added.entries()) {
    if (message.role === 'tool' && !open.delete(message.toolCallId)) {
      throw new ProxyError(
        'invalid_value',
        "Messages with role 'tool' must answer a call of a preceding assistant message that is still open.",
        { param: `messages[${offset + index}].tool_call_id` },
      );
    }
    if (message.role === 'assistant') for (const call of message.toolCalls ?? []) open.add(call.id);
  }
}

/** Only the last step can be open: what comes after it was said without waiting for a result. */
function openCalls(history: History): Set<string> {
  const { isBroken, open } = history.fold(order);
  if (!isBroken) return new Set(open);
  const answered = new Set<string>();
  for (let index = history.length - 1; index >= 0; index -= 1) {
    const message = history.at(index);
    if (message?.role === 'tool') answered.add(message.toolCallId);
    if (message?.role === 'assistant' && message.toolCalls) {
      return new Set(message.toolCalls.map(call => call.id).filter(id => !answered.has(id)));
    }
  }
  return new Set();
}

/**
 * Brings a conversation into an order that Cohere takes:
 * results stand directly after their calls, in the calls' order; a call without result gets a fixed one; a result
 * without call becomes a user message, since its text may matter; an id used twice is told apart by a suffix.
 * Messages that need no mending are passed on as the same objects.
 */
export function repairTranscript(messages: readonly Message[]): readonly Message[] {
  if (isInOrder(messages)) return messages;
  const repaired: Message[] = [];
  const usedIds = new Set<string>();
  const used = new Set<Message>();
  for (const [index, message] of messages.entries()) {
    if (used.has(message)) continue;
    if (message.role === 'tool') {
      repaired.push({ role: 'user', content: `Result of an earlier tool call:\n${resultText(message)}` });
    } else if (message.role === 'assistant' && message.toolCalls?.length) {
      repaired.push(...repairStep(message, resultsOf(messages, index), used, usedIds));
    } else {
      repaired.push(message);
    }
  }
  return repaired;
}

/** Where a conversation stands in the order that Cohere takes. */
interface Order {
  readonly isBroken: boolean;
  readonly callIds: ReadonlySet<string>;
  /** Calls of the last step whose results are still to come, in order. */
  readonly open: readonly string[];
}

const order: Fold<Order & { readonly callIds: Set<string> }> = {
  start: () => ({ isBroken: false, callIds: new Set(), open: [] }),
  step(state, message) {
    if (state.isBroken) return state;
    const { callIds, open } = state;
    const broken = { isBroken: true, callIds, open };
    if (message.role === 'tool')
      return open[0] === message.toolCallId ? { ...state, open: open.slice(1) } : broken;
    if (open.length > 0) return broken;
    if (message.role !== 'assistant' || !message.toolCalls?.length) return state;
    for (const { id } of message.toolCalls) {
      if (callIds.has(id)) return broken;
      callIds.add(id);
    }
    return { isBroken: false, callIds, open: message.toolCalls.map(call => call.id) };
  },
};

/** Whether nothing is to be mended: the common case, and cheap to see. */
function isInOrder(messages: Iterable<Message>): boolean {
  let state = order.start();
  for (const message of messages) state = order.step(state, message);
  return !state.isBroken && state.open.length === 0;
}

/** The same for a history that goes on; costs what is new. */
export function isInOrderWith(history: History, added: readonly Message[]): boolean {
  const { isBroken, callIds, open } = history.fold(order);
  if (isBroken) return false;
  // What is new is gone through by itself, in front of it the calls that wait for it.
  const waiting: AssistantMessage = {
    role: 'assistant',
    toolCalls: open.map(id => ({ id, name: '', arguments: '' })),
  };
  const isUsedAgain = added.some(
    message => message.role === 'assistant' && message.toolCalls?.some(({ id }) => callIds.has(id)),
  );
  return !isUsedAgain && isInOrder([waiting, ...added]);
}

/** The ids of all calls of a history. */
export function callIdsOf(history: History): ReadonlySet<string> {
  const { isBroken, callIds } = history.fold(order);
  if (!isBroken) return callIds;
  const ids = new Set<string>();
  for (const message of history) {
    if (message.role === 'assistant') for (const call of message.toolCalls ?? []) ids.add(call.id);
  }
  return ids;
}

/** The results that belong to the calls at `start`: all up to the next message that calls tools. */
function resultsOf(messages: readonly Message[], start: number): ToolMessage[] {
  const results: ToolMessage[] = [];
  for (const message of messages.slice(start + 1)) {
    if (message.role === 'assistant' && message.toolCalls?.length) break;
    if (message.role === 'tool') results.push(message);
  }
  return results;
}

function repairStep(
  message: AssistantMessage,
  results: readonly ToolMessage[],
  used: Set<Message>,
  usedIds: Set<string>,
): Message[] {
  const calls = message.toolCalls ?? [];
  const answers: ToolMessage[] = [];
  const renamed = calls.map(call => {
    let id = call.id;
    for (let n = 2; usedIds.has(id); n += 1) id = `${call.id}_${n}`;
    usedIds.add(id);
    const result = results.find(candidate => candidate.toolCallId === call.id && !used.has(candidate));
    if (result) used.add(result);
    const answer: ToolMessage = result ?? { role: 'tool', toolCallId: id, content: noResult };
    answers.push(answer.toolCallId === id ? answer : { ...answer, toolCallId: id });
    return id === call.id ? call : { ...call, id };
  });
  const isSame = renamed.every((call, index) => call === calls[index]);
  return [isSame ? message : { ...message, toolCalls: renamed }, ...answers];
}

function resultText(message: ToolMessage): string {
  if (typeof message.content === 'string') return message.content;
  const documents = message.content
    .filter(part => part.type === 'document')
    .map(part => JSON.stringify(part.data));
  return [textOf(message), ...documents].filter(text => text !== '').join('\n');
}
