// What clients do to each conversation that they send, without meaning anything by it.
import { dropReasoning, eachAnswer, type Habit, tool } from './agent-story.ts';
import type { WireCall, WireMessage } from './transcript-client.ts';

interface Row {
  readonly habit: Habit;
  /** What else is in the request of a turn. */
  readonly body?: (turn: number) => object;
}

const keep: Habit = messages => messages;

/** The first habit, then the next. */
function both(...habits: readonly Habit[]): Habit {
  return (messages, turn) => habits.reduce((done, habit) => habit(done, turn), messages);
}

const onCalls = (change: (call: WireCall) => object) =>
  both(
    dropReasoning,
    eachAnswer(message => {
      const { tool_calls } = message;
      return tool_calls ? ({ ...message, tool_calls: tool_calls.map(change) } as WireMessage) : message;
    }),
  );

const onArguments = (change: (fields: object) => unknown) =>
  onCalls(call => ({ ...call, function: { ...call.function, arguments: change(parse(call)) } }));

const parse = (call: WireCall): object => JSON.parse(call.function.arguments);

const besideCalls = (content: object) =>
  both(
    dropReasoning,
    eachAnswer(({ content: text, ...rest }) =>
      rest.tool_calls ? { ...rest, ...content } : { ...rest, content: text },
    ),
  );

const onText = (change: (text: string) => unknown) =>
  both(
    dropReasoning,
    eachAnswer(message =>
      typeof message.content === 'string' && message.content !== ''
        ? { ...message, content: change(message.content) }
        : message,
    ),
  );

const onRole = (role: string, change: (message: WireMessage, turn: number) => WireMessage) =>
  both(dropReasoning, (messages, turn) =>
    messages.map(message => (message.role === role ? change(message, turn) : message)),
  );

const joined = (content: unknown) =>
  Array.isArray(content) ? content.map(part => part.text).join('\n') : content;
const asParts = (content: unknown) =>
  typeof content === 'string' && content !== '' ? [{ type: 'text', text: content }] : content;

/** Neighbouring results, last first. */
const reverseResults: Habit = messages => {
  const turned: WireMessage[] = [];
  let step: WireMessage[] = [];
  for (const message of messages) {
    if (message.role === 'tool') step = [message, ...step];
    else {
      turned.push(...step, message);
      step = [];
    }
  }
  return [...turned, ...step];
};

export const habits: Readonly<Record<string, Row>> = {
  'sends all back as it came': { habit: keep },
  'drops reasoning, citations and annotations': { habit: dropReasoning },
  'sends reasoning back in other words': {
    habit: eachAnswer(({ reasoning_content: _, ...message }) => ({ ...message, reasoning: 'As I said.' })),
  },
  'parses arguments and writes them anew': { habit: onArguments(fields => JSON.stringify(fields)) },
  'writes arguments in another order': {
    habit: onArguments(fields => JSON.stringify(Object.fromEntries(Object.entries(fields).reverse()))),
  },
  'drops nulls and unknown keys from arguments': {
    habit: onArguments(fields => JSON.stringify({ path: (fields as { path: string }).path })),
  },
  'sends arguments as an object': { habit: onArguments(fields => fields) },
  'puts name after arguments, and keys of its own beside them': {
    habit: onCalls(({ id, function: { name, arguments: text } }) => ({
      index: 0,
      function: { arguments: text, name, parsed_arguments: null },
      type: 'function',
      id,
    })),
  },
  'sends "" beside calls': { habit: besideCalls({ content: '' }) },
  'sends null beside calls': { habit: besideCalls({ content: null }) },
  'sends nothing beside calls': { habit: besideCalls({}) },
  'sends an empty list beside calls': { habit: besideCalls({ content: [] }) },
  'sends answers as parts': { habit: onText(asParts) },
  'sends answers as parts that hold the whole message again': {
    habit: onText(text => [{ type: 'text', text, role: 'assistant', refusal: null, tool_calls: [] }]),
  },
  'trims answers': { habit: onText(text => `\n${text} `) },
  'marks answers as interrupted': { habit: onText(text => `${text}\n\n[Response interrupted by user]`) },
  'marks calls as interrupted': {
    habit: besideCalls({ content: '[Response interrupted by a tool use result. Only one at a time.]' }),
  },
  'sends users as one text': {
    habit: onRole('user', message => ({ ...message, content: joined(message.content) })),
  },
  'sends users as parts': {
    habit: onRole('user', message => ({ ...message, content: asParts(message.content) })),
  },
  'sends results as parts': {
    habit: onRole('tool', message => ({ ...message, content: asParts(message.content) })),
  },
  'names tools beside their results': { habit: onRole('tool', message => ({ ...message, name: 'read' })) },
  'sends the results of a step in another order': {
    habit: both(dropReasoning, (messages, turn) =>
      turn % 2 === 0 ? messages : reverseResults(messages, turn),
    ),
  },
  'writes the time into its system text': {
    habit: onRole('system', (message, turn) => ({
      ...message,
      content: `You are an agent. It is 10:0${turn}.`,
    })),
  },
  'calls its system text developer': {
    habit: onRole('system', message => ({ ...message, role: 'developer' })),
  },
  'moves cache_control to the last messages': {
    habit: both(dropReasoning, messages =>
      messages.map((message, place) => {
        const isMarked = message.role === 'system' || place >= messages.length - 2;
        const content = message.role === 'assistant' ? message.content : asParts(message.content);
        if (!isMarked || !Array.isArray(content)) return message;
        const mark = { cache_control: { type: 'ephemeral' } };
        return { ...message, content: content.map(part => ({ ...part, ...mark })) };
      }),
    ),
  },
  'switches its mode: other system text, other tools': {
    habit: onRole('system', (message, turn) =>
      turn < 2 ? message : { ...message, content: 'You only plan.' },
    ),
    body: turn => (turn < 2 ? {} : { tools: [tool('read'), tool('ask')], temperature: 0 }),
  },
  'offers no tools any more': {
    habit: dropReasoning,
    body: turn => (turn < 3 ? {} : { tools: undefined }),
  },
};
