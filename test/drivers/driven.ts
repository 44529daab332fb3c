// A conversation of two questions with tools, which each library holds in its own way. It sends everything each
// time and never names a session; Cohere is scripted, and what must hold afterwards is the same for all.
import { expect } from 'vitest';
import {
  heardAnswers,
  heardAs,
  type Model,
  type NativeMessage,
  reasoning,
  sayNative,
} from '../clients/native-answer.ts';
import { TranscriptClient } from '../clients/transcript-client.ts';
import { cohereComplaints } from '../support/cohere-schema.ts';
import { startPair } from '../support/start.ts';

export const system = 'You know the weather and the time.';
export const questions = [
  'What is the weather in Oslo and Paris, and the time there?',
  'And in Rome?',
] as const;

export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly answer: (city: string) => string;
}

export const tools: readonly Tool[] = [
  { name: 'get_weather', description: 'Tells the weather.', answer: city => `Snow in ${city}.` },
  // Cohere cannot be told this name as it is.
  { name: 'mcp--clock--get-time', description: 'Tells the time.', answer: city => `Noon in ${city}.` },
];

/** What every tool takes. */
export const parameters = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
};

export function answerOf(name: string, city: string): string {
  const found = tools.find(tool => tool.name === name);
  if (!found) throw new Error(`the model called ${name}, which it was not offered`);
  return found.answer(city);
}

/** Of the stored conversation. */
const roles = [
  ...['system', 'user', 'assistant', 'tool', 'tool', 'assistant', 'tool', 'assistant'],
  ...['user', 'assistant', 'tool', 'assistant'],
];
const finalTexts = ['Snow in Oslo and Paris, at noon.', 'Snow in Rome, too.'];

function script(model: Model): NativeMessage[] {
  const thinks = model === reasoning;
  const calls = (plan: string, ...tool_calls: NonNullable<NativeMessage['tool_calls']>): NativeMessage => ({
    role: 'assistant',
    ...(thinks ? { content: [{ type: 'thinking', thinking: plan }] } : { tool_plan: plan }),
    tool_calls,
  });
  const text = (words = '', cited: string, source: string): NativeMessage => ({
    role: 'assistant',
    content: [
      ...(thinks ? [{ type: 'thinking' as const, thinking: 'Now I know.' }] : []),
      { type: 'text', text: words },
    ],
    citations: [
      {
        start: 0,
        end: cited.length,
        text: cited,
        sources: [{ type: 'tool', id: `${source}:0`, tool_output: { content: `${cited}.` } }],
        type: 'TEXT_CONTENT',
        content_index: thinks ? 1 : 0,
      },
    ],
  });
  return [
    calls(
      'Both cities at once.',
      call('get_weather_aaaaaaaaaaaa', 'get_weather', '{\n    "city": "Oslo"\n}'),
      call('get_weather_bbbbbbbbbbbb', 'get_weather', '{"unit" : null, "city" : "Paris"}'),
    ),
    calls(
      'Then the time.',
      call('mcp__clock_cccccccccccc', 'mcp__clock__get_time', '{"city":"Oslo" ,"h":24.0}'),
    ),
    text(finalTexts[0], 'Snow in Oslo', 'get_weather_aaaaaaaaaaaa'),
    calls('Once more.', call('get_weather_dddddddddddd', 'get_weather', '{ "city":"\\u0052ome" }')),
    text(finalTexts[1], 'Snow in Rome', 'get_weather_dddddddddddd'),
  ];
}

function call(id: string, name: string, text: string) {
  return { id, type: 'function' as const, function: { name, arguments: text } };
}

/** Where the library is pointed. */
export interface Target {
  readonly baseURL: string;
  readonly apiKey: string;
  readonly model: Model;
  readonly fetch: typeof globalThis.fetch;
}

/** @param drive holds the conversation and returns the text that answers each question. */
export async function expectRecognised(
  model: Model,
  drive: (target: Target) => Promise<readonly string[]>,
): Promise<void> {
  const pair = await startPair();
  const natives = script(model);
  const said = natives.values();
  pair.fake.setDefault(({ json }) => {
    const { value } = said.next();
    if (!value) throw new Error('the library asks more often than the script answers');
    return sayNative(value, (json as { stream?: boolean }).stream === true);
  });
  const seen: { id: string; state: string | null }[] = [];
  const texts = await drive({
    baseURL: `${pair.url}/v1`,
    apiKey: 'any',
    model,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const { headers } = response;
      seen.push({ id: headers.get('x-session-id') ?? 'none', state: headers.get('x-session-state') });
      return response;
    },
  });
  expect(texts).toEqual(finalTexts);
  const [first] = seen;
  const id = first?.id ?? 'none';
  expect(seen).toEqual(natives.map((_, at) => ({ id, state: at === 0 ? 'new' : 'continued' })));

  expect(pair.fake.chatRequests).toHaveLength(natives.length);
  for (const [at, heard] of pair.fake.chatRequests.entries()) {
    expect(cohereComplaints(heard.json)).toEqual([]);
    expect(heardAnswers(heard)).toEqual(natives.slice(0, at).flatMap(native => heardAs(native, model)));
  }
  const client = new TranscriptClient(pair);
  await client.expectSessions({ [id]: { parent_id: null, label: null, message_count: roles.length } });
  const { messages } = await client.session(id);
  expect(messages.map(({ role }) => role)).toEqual(roles);
}
