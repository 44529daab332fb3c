// A session of 2,000 turns with tools, against an offline Cohere that enforces its limit: never a refusal, the task
// and the latest words always there, and a prompt whose beginning stays the same over many turns.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';
import { type CohereChatRequest, TokenMeter } from '../../src/tokens/meter.ts';
import { loadEncoder } from '../../src/tokens/vocabulary.ts';

const turns = 2_000;
// The smallest context of a model with tools: 8,992 tokens, passed after a few dozen turns.
const model = 'command-a-translate-08-2025';
const tool = {
  type: 'function',
  function: {
    name: 'look_up',
    description: 'Looks something up',
    parameters: { type: 'object', properties: { q: { type: 'string' } }, required: ['q'] },
  },
};

const encoder = await loadEncoder();
if (!encoder) process.stdout.write('the long conversation was skipped: no vocabulary is installed\n');

let simulator: Simulator;
let server: CohereProxyServer;
let url: string;

beforeAll(async () => {
  const meter = new TokenMeter();
  if (encoder) meter.use(encoder);
  simulator = await startSimulator({
    countPrompt: request => {
      const counted = meter.countRequest(request as unknown as CohereChatRequest);
      return counted && { input: counted.tokens, overhead: counted.overhead, messages: counted.messages };
    },
  });
  server = new CohereProxyServer({
    sessionStore: 'memory:',
    cohereBaseUrl: simulator.url,
    cohereApiKey: 'any',
    port: 0,
    logLevel: 'silent',
  });
  ({ url } = await server.listen());
});

afterAll(async () => {
  await server.close();
  await simulator.close();
});

interface Answer {
  readonly error?: { readonly message: string };
  readonly reply?: string;
  readonly choices: readonly [
    {
      readonly message: {
        readonly content: string | null;
        readonly tool_calls?: readonly { readonly id: string }[];
      };
    },
  ];
}

async function say(body: object): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sessionId: 'long', model, tools: [tool], include_messages: false, ...body }),
  });
  const answer = (await response.json()) as Answer;
  expect(answer.error, JSON.stringify(answer.error)).toBeUndefined();
  return answer;
}

function lastPrompt(): string[] {
  const body = simulator.requests.at(-1)?.body as unknown as CohereChatRequest;
  return body.messages.map(message => JSON.stringify(message));
}

it.runIf(encoder)(
  `P1 ${turns} turns: no refusal, pins kept, a prefix that stays`,
  { timeout: 180_000 },
  async () => {
    await say({ message: 'My name is Ada. Please remember.' });
    let former: readonly string[] = [];
    let kept = 0;
    let bytes = 0;
    let cuts = 0;
    for (let turn = 0; turn < turns; turn += 1) {
      const words = `Turn ${turn}: ${'some words that fill the context '.repeat(40)}${turn % 5 === 0 ? 'use the tool look_up' : ''}`;
      const answer = await say({ message: words });
      const prompt = lastPrompt();
      expect(prompt[0]).toContain('My name is Ada');
      expect(prompt.at(-1)).toContain(`Turn ${turn}:`);
      const same = prompt.findIndex((message, place) => message !== former[place]);
      for (const [place, message] of prompt.entries()) {
        bytes += message.length;
        if (place < same) kept += message.length;
      }
      if (same < former.length) cuts += 1;
      former = prompt;
      const calls = answer.choices[0].message.tool_calls ?? [];
      if (calls.length === 0) continue;
      const content = 'result '.repeat(turn % 3 === 0 ? 1_500 : 50);
      await say({ messages: calls.map(call => ({ role: 'tool', tool_call_id: call.id, content })) });
    }
    const answer = await say({ message: 'What is my name?' });
    expect(answer.choices[0].message.content).toContain('Ada');
    process.stdout.write(
      `${turns} turns: ${(turns / cuts).toFixed(1)} turns between cuts, ${((kept / bytes) * 100).toFixed(0)} % of prompt bytes stayed a prefix\n`,
    );
    expect(cuts).toBeLessThan(turns / 2);
  },
);
