// `npm run demo`: a conversation of four turns through the proxy, over real sockets, in one process. Without a key it
// is held with the offline Cohere, which also shows what was sent to it; with COHERE_API_KEY with the real one.
import { readFileSync } from 'node:fs';
import { problemLine, readCommandLine } from '../command-line.ts';
import { ConfigError } from '../config.ts';
import { CohereProxyServer } from '../server.ts';
import { startSimulator } from '../simulator/server.ts';
import { type ChatCall, DemoFailure } from './client.ts';
import { note, problem, title } from './screen.ts';
import { ShownChat } from './shown-chat.ts';

/** So that a person sees the tokens of the offline Cohere come one by one. */
const paceMs = 25;
const keyOfSimulator = 'demo-key-without-meaning';

const weatherTool = {
  type: 'function',
  function: {
    name: 'get-weather',
    description: 'Tells the weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

// Whoever reads our output may leave before we do.
process.stdout.on('error', () => process.exit(0));
const { options, sources } = readCommandLine({ argv: [], env: process.env, dotenv: readDotenv() });
try {
  await main();
} catch (error) {
  problem(`The demo failed: ${describe(error)}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { cohereApiKey, cohereBaseUrl, model } = options;
  const simulator = cohereApiKey === undefined ? await startSimulator({ paceMs }) : undefined;
  try {
    const server = new CohereProxyServer({
      sessionStore: 'memory:',
      port: 0,
      logLevel: 'silent',
      cohereApiKey: cohereApiKey ?? keyOfSimulator,
      cohereBaseUrl: simulator?.url ?? cohereBaseUrl,
      model,
    });
    try {
      const { url } = await server.listen();
      const cohere = simulator ? `the offline Cohere at ${simulator.url}` : 'Cohere, with COHERE_API_KEY';
      note(`The proxy is at ${url}/v1 and asks ${cohere}.`);
      await converse(new ShownChat(`${url}/v1`, simulator));
    } finally {
      await server.close();
    }
  } finally {
    await simulator?.close();
  }
}

async function converse(chat: ShownChat): Promise<void> {
  title('1  A first message, without a session');
  await chat.say({ message: 'My name is Ada. Remember that I live in Paris.' });

  title('2  One new message and the sessionId, streamed');
  const named = await chat.say({
    message: 'What is my name?',
    stream: true,
    stream_options: { include_usage: true },
  });
  expectIn(named.text, 'Ada');

  title('3  A tool, whose name Cohere would not take as it is');
  const asked = await chat.say({
    message: 'Use the weather tool for Oslo, and remember that I fly there on Friday.',
    tools: [weatherTool],
    tool_choice: 'required',
  });
  const calls = asked.messages.at(-1)?.tool_calls ?? [];
  if (calls.length === 0) throw new DemoFailure('the model called no tool.');
  await chat.say({ messages: calls.map(call => runTool(call)) });

  title('4  A question about turns 1 and 3');
  const remembered = await chat.say({ message: 'What did I ask you to remember?' });
  expectIn(remembered.text, 'Paris', 'Friday');

  const { sessionId, sent } = chat;
  title(`The client sent ${sent} new messages in all; the session ${sessionId} holds the conversation.`);
}

/** A weather service would be asked here. */
function runTool({ id, function: { name, arguments: text } }: ChatCall) {
  if (name !== weatherTool.function.name)
    throw new DemoFailure(`the model called ${name}, which is no tool of ours.`);
  const { city = 'nowhere' } = JSON.parse(text) as { city?: string };
  return { role: 'tool', tool_call_id: id, content: `${city}: 4 °C, snow, wind from the north` };
}

function expectIn(text: string, ...words: readonly string[]): void {
  const missing = words.filter(word => !text.includes(word));
  if (missing.length > 0) throw new DemoFailure(`the answer should say ${missing.join(' and ')}.`);
}

function describe(error: unknown): string {
  if (error instanceof ConfigError)
    return error.problems.map(found => problemLine(found, sources)).join('; ');
  return error instanceof Error ? error.message : String(error);
}

function readDotenv(): string {
  try {
    return readFileSync('.env', 'utf8');
  } catch {
    return '';
  }
}
