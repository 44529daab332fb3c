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

/** Some clients lose the ids: a result without one is that of the next call of the history that waits for one. */
export function answerOpenCalls(history: History, added: readonly Message[]): readonly Message[] {
  if (!added.some(message => message.role === 'tool' && message.toolCallId === '')) return added;
  const open = openCalls(history);
  for (const message of added) if (message.role === 'tool') open.delete(message.toolCallId);
  return added.map(message => {
    if (message.role !== 'tool' || message.toolCallId !== '') return message;
    const [id = ''] = open;
    open.delete(id);
    return { ...message, toolCallId: id };
  });
}

/** Only the last step can be open: what comes after it was said without waiting for a result. */
function openCalls(history: History): Set<string> {
  const { isBroken, step, answered: count } = history.fold(order);
  if (!isBroken) return new Set(step.slice(count));
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
  const ids = new FreeIds();
  const used = new Set<Message>();
  for (const [index, message] of messages.entries()) {
    if (used.has(message)) continue;
    if (message.role === 'tool') {
      repaired.push({ role: 'user', content: `Result of an earlier tool call:\n${resultText(message)}` });
    } else if (message.role === 'assistant' && message.toolCalls?.length) {
      for (const one of repairStep(message, resultsOf(messages, index), used, ids)) repaired.push(one);
    } else {
      repaired.push(message);
    }
  }
  return repaired;
}

/** Ids that are used already, and how far each was counted on: many calls may have the same. */
class FreeIds {
  readonly #used = new Set<string>();
  readonly #counts = new Map<string, number>();

  take(wanted: string): string {
    let id = wanted;
    let count = this.#counts.get(wanted) ?? 1;
    while (this.#used.has(id)) {
      count += 1;
      id = `${wanted}_${count}`;
    }
    this.#counts.set(wanted, count);
    this.#used.add(id);
    return id;
  }
}

/** Where a conversation stands in the order that Cohere takes. */
interface Order {
  readonly isBroken: boolean;
  readonly callIds: ReadonlySet<string>;
  /** Calls of the last step, in order, and how many of them have their result. */
  readonly step: readonly string[];
  readonly answered: number;
}

const order: Fold<Order & { readonly callIds: Set<string> }> = {
  start: () => ({ isBroken: false, callIds: new Set(), step: [], answered: 0 }),
  step(state, message) {
    if (state.isBroken) return state;
    const { callIds, step, answered } = state;
    const broken = { ...state, isBroken: true };
    if (message.role === 'tool')
      return step[answered] === message.toolCallId ? { ...state, answered: answered + 1 } : broken;
    if (answered < step.length) return broken;
    if (message.role !== 'assistant' || !message.toolCalls?.length) return state;
    for (const { id } of message.toolCalls) {
      if (callIds.has(id)) return broken;
      callIds.add(id);
    }
    return { isBroken: false, callIds, step: message.toolCalls.map(call => call.id), answered: 0 };
  },
};

/** Whether nothing is to be mended: the common case, and cheap to see. */
function isInOrder(messages: Iterable<Message>): boolean {
  let state = order.start();
  for (const message of messages) state = order.step(state, message);
  return !state.isBroken && state.answered === state.step.length;
}

/** The same for a history that goes on; costs what is new. */
export function isInOrderWith(history: History, added: readonly Message[]): boolean {
  const { isBroken, callIds, step, answered } = history.fold(order);
  if (isBroken) return false;
  // What is new is gone through by itself, in front of it the calls that wait for it.
  const waiting: AssistantMessage = {
    role: 'assistant',
    toolCalls: step.slice(answered).map(id => ({ id, name: '', arguments: '' })),
  };
  const isUsedAgain = added.some(
    message => message.role === 'assistant' && message.toolCalls?.some(({ id }) => callIds.has(id)),
  );
  return !isUsedAgain && isInOrder([waiting, ...added]);
}

/** The results that belong to the calls at `start`, by call, in order: all up to the next message that calls tools. */
function resultsOf(messages: readonly Message[], start: number): Map<string, ToolMessage[]> {
  const results = new Map<string, ToolMessage[]>();
  for (let place = start + 1; place < messages.length; place += 1) {
    const message = messages[place];
    if (message?.role === 'assistant' && message.toolCalls?.length) break;
    if (message?.role !== 'tool') continue;
    const same = results.get(message.toolCallId);
    if (same) same.push(message);
    else results.set(message.toolCallId, [message]);
  }
  for (const same of results.values()) same.reverse();
  return results;
}

function repairStep(
  message: AssistantMessage,
  results: ReadonlyMap<string, ToolMessage[]>,
  used: Set<Message>,
  ids: FreeIds,
): Message[] {
  const calls = message.toolCalls ?? [];
  const answers: ToolMessage[] = [];
  const renamed = calls.map(call => {
    const id = ids.take(call.id);
    const result = nextUnused(results.get(call.id), used);
    if (result) used.add(result);
    const answer: ToolMessage = result ?? { role: 'tool', toolCallId: id, content: noResult };
    answers.push(answer.toolCallId === id ? answer : { ...answer, toolCallId: id });
    return id === call.id ? call : { ...call, id };
  });
  const isSame = renamed.every((call, index) => call === calls[index]);
  return [isSame ? message : { ...message, toolCalls: renamed }, ...answers];
}

/** The same object may stand in a list twice. */
function nextUnused(results: ToolMessage[] = [], used: ReadonlySet<Message>): ToolMessage | undefined {
  for (let next = results.pop(); next; next = results.pop()) if (!used.has(next)) return next;
  return undefined;
}

function resultText(message: ToolMessage): string {
  if (typeof message.content === 'string') return message.content;
  const documents = message.content
    .filter(part => part.type === 'document')
    .map(part => JSON.stringify(part.data));
  return [textOf(message), ...documents].filter(text => text !== '').join('\n');
}
