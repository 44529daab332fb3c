// A conversation as agents hold it, in the shape of Roo's: parallel calls, environment details after the results,
// text and calls in turn. Four turns are held before a test changes something; the fifth is the next question.
import type { Model, NativeMessage } from './native-answer.ts';
import { reasoning } from './native-answer.ts';
import type { TranscriptClient, Turned, WireMessage } from './transcript-client.ts';

export const system: WireMessage = { role: 'system', content: 'You are an agent. It is 10:01.' };

export const user = (content: string): WireMessage => ({ role: 'user', content });

export const result = (tool_call_id: string, content: string): WireMessage => ({
  role: 'tool',
  tool_call_id,
  content,
});

const parts = (...texts: string[]): WireMessage => ({
  role: 'user',
  content: texts.map(text => ({ type: 'text', text })),
});

/** Of each turn: what the client says before it is answered. */
export const said: readonly (readonly WireMessage[])[] = [
  [
    system,
    parts(
      '<user_message>\nWhat do a.txt and b.txt say?\n</user_message>',
      '<environment_details>\n2026-11-22T10:01:00.003Z\n</environment_details>',
    ),
  ],
  [
    result('read_aaaaaaaaaaaa', 'PINE'),
    result('read_bbbbbbbbbbbb', 'APPLE'),
    parts('<environment_details>\n2026-11-22T10:01:07.110Z\n</environment_details>'),
  ],
  [user('And c.txt?')],
  [result('read_cccccccccccc', 'TREE')],
  [user('All three in one word?')],
];

/** The places in the held conversation. */
export const at = { opening: 1, details: 5, firstText: 6, secondQuestion: 7, lastResult: 9, lastText: 10 };

export const tools = [tool('read'), tool('write')];

export function tool(name: string) {
  const properties = { path: { type: 'string' }, mode: { type: ['string', 'null'] } };
  const parameters = { type: 'object', properties, required: ['path'] };
  return { type: 'function', function: { name, description: `To ${name}.`, parameters } };
}

/** What Cohere answers in each turn: spaces, nulls and keys that no client writes again as they are. */
export function answers(model: Model): NativeMessage[] {
  const thinks = model === reasoning;
  const calls = (plan: string, ...tool_calls: NonNullable<NativeMessage['tool_calls']>): NativeMessage => ({
    role: 'assistant',
    ...(thinks ? { content: [{ type: 'thinking', thinking: plan }] } : { tool_plan: plan }),
    tool_calls,
  });
  const text = (words: string, cited: string, source: string): NativeMessage => ({
    role: 'assistant',
    content: [
      ...(thinks ? [{ type: 'thinking' as const, thinking: 'The results say it.' }] : []),
      { type: 'text', text: words },
    ],
    citations: [
      {
        start: words.indexOf(cited),
        end: words.indexOf(cited) + cited.length,
        text: cited,
        sources: [{ type: 'tool', id: `${source}:0`, tool_output: { content: cited } }],
        type: 'TEXT_CONTENT',
        content_index: thinks ? 1 : 0,
      },
    ],
  });
  return [
    calls(
      'I will read both files at once.',
      call('read_aaaaaaaaaaaa', '{\n    "path": "a.txt",\n    "mode": null\n}'),
      call('read_bbbbbbbbbbbb', '{"unasked" : 1, "path" : "b.txt"}'),
    ),
    text('They say PINE and APPLE.', 'PINE', 'read_aaaaaaaaaaaa'),
    calls('Then the third file.', call('read_cccccccccccc', '{"path":"c.txt" ,"limit":1.0}')),
    text('It says TREE.', 'TREE', 'read_cccccccccccc'),
    text('PINEAPPLETREE', 'TREE', 'read_cccccccccccc'),
  ];
}

function call(id: string, text: string) {
  return { id, type: 'function' as const, function: { name: 'read', arguments: text } };
}

/** What a client does to the conversation before it sends it. */
export type Habit = (messages: readonly WireMessage[], turn: number) => readonly WireMessage[];

export interface StoryOptions {
  readonly model: Model;
  /** How many turns; the first four where it is not said. */
  readonly turns?: number;
  readonly habit?: Habit;
  readonly body?: (turn: number) => object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Held {
  /** As the client keeps them, the last answer among them. */
  readonly messages: readonly WireMessage[];
  readonly turns: readonly Turned[];
  /** How many messages each request had. */
  readonly sent: readonly number[];
  readonly id: string;
}

/** Like most clients this one keeps no reasoning, unless a habit sees to it. */
export async function holdStory(
  client: TranscriptClient,
  { model, turns: count = 4, habit = dropReasoning, body = () => ({}), headers = {} }: StoryOptions,
): Promise<Held> {
  const natives = answers(model);
  let messages: readonly WireMessage[] = [];
  const turns: Turned[] = [];
  const sent: number[] = [];
  const given = new Map<string, string>();
  for (const [turn, added] of said.slice(0, count).entries()) {
    messages = [...messages, ...added.map(message => byGivenId(message, given))];
    const native = natives[turn];
    if (!native) throw new Error(`no answer for turn ${turn}`);
    const asked = habit(messages, turn);
    const turned = await client.turn({ model, messages: asked, tools, ...body(turn) }, native, headers);
    turns.push(turned);
    sent.push(asked.length);
    messages = [...messages, turned.message];
    for (const [place, { id }] of (native.tool_calls ?? []).entries())
      given.set(id, turned.message.tool_calls?.[place]?.id ?? id);
  }
  return { messages: habit(messages, count), turns, sent, id: turns[0]?.id ?? 'none' };
}

/** The story names its calls as Cohere did; the client knows them by the ids that it was given. */
function byGivenId(message: WireMessage, given: ReadonlyMap<string, string>): WireMessage {
  const { tool_call_id: id } = message;
  return id === undefined ? message : { ...message, tool_call_id: given.get(id) ?? id };
}

/** Each answer by this. */
export function eachAnswer(change: (message: WireMessage) => WireMessage): Habit {
  return messages => messages.map(message => (message.role === 'assistant' ? change(message) : message));
}

export const dropReasoning: Habit = eachAnswer(({ role, content, tool_calls }) => ({
  role,
  content: content ?? '',
  ...(tool_calls ? { tool_calls } : {}),
}));
