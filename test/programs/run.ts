// `node test/programs/run.ts [program…]`: what real programs of PyPI get of the proxy's memory. Each holds a conversation
// through the proxy, in front of a Cohere that is scripted here; printed are, for each request, the session that it was
// given and how many answers of the history Cohere heard as it gave them.
//
// Not part of the tests: the programs are installed once (Python 3.10 or later, some minutes) into a folder outside of
// the project, which PROGRAMS_DIR names; by default it is one in the folder for temporary files.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CohereProxyServer } from '../../src/index.ts';
import { reasoning as model, type NativeMessage, sayNative } from '../clients/native-answer.ts';
import { FakeCohere } from '../support/fake-cohere.ts';

const programs: Readonly<Record<string, { readonly install: string; readonly command: readonly string[] }>> =
  {
    smolagents: { install: 'smolagents[openai]', command: ['python', 'chat_smolagents.py'] },
    smolagents_code: { install: 'smolagents[openai]', command: ['python', 'chat_smolagents_code.py'] },
    agno: { install: 'agno openai', command: ['python', 'chat_agno.py'] },
    aider: { install: 'aider-chat', command: ['sh', 'chat_aider.sh'] },
  };

interface Heard {
  readonly role: string;
  readonly content?: string | readonly { readonly type: string }[];
}

interface Body {
  readonly stream?: boolean;
  readonly messages: readonly Heard[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const here = import.meta.dirname;
const home = process.env.PROGRAMS_DIR ?? join(tmpdir(), 'cohere-proxy-programs');

for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(programs)) {
  const program = programs[name];
  if (!program) throw new Error(`unknown program ${name}; known are ${Object.keys(programs).join(', ')}`);
  const environment = install(name, program.install);
  await hold(name, program.command, environment);
}

/** @returns where its programs are */
function install(name: string, packages: string): string {
  const folder = join(home, name);
  const bin = join(folder, 'bin');
  const run = (command: string, ...args: string[]) => {
    if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0)
      throw new Error(`${name}: not installed`);
  };
  if (!existsSync(join(folder, 'ready'))) {
    print(`${name}: being installed into ${folder}`);
    run('python3', '-m', 'venv', folder);
    run(join(bin, 'pip'), 'install', '-q', ...packages.split(' '));
    run('touch', join(folder, 'ready'));
  }
  return bin;
}

async function hold(name: string, command: readonly string[], bin: string): Promise<void> {
  const fake = await FakeCohere.start();
  let answers = 0;
  fake.setDefault(({ json }) => {
    answers += 1;
    const body = json as Body;
    return sayNative(answer(body, answers), body.stream === true);
  });
  const proxy = new CohereProxyServer({
    cohereBaseUrl: fake.url,
    cohereApiKey: 'no-key-of-coheres',
    sessionStore: 'memory:',
    port: 0,
    logLevel: 'silent',
  });
  const { url } = await proxy.listen();
  const told: string[] = [];
  const watch = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    const passed = ask(url + incoming.url, { method, headers }, response => {
      if (incoming.url?.endsWith('/chat/completions'))
        told.push(`${response.headers['x-session-state']} ${response.headers['x-session-id']}`);
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  watch.listen(0, '127.0.0.1');
  await once(watch, 'listening');
  const { port } = watch.address() as AddressInfo;

  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    cwd: here,
    env: {
      ...process.env,
      PATH: `${bin}:${process.env.PATH}`,
      PROXY_URL: `http://127.0.0.1:${port}/v1`,
      PROXY_MODEL: model,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  print(`\n${name}: ended with ${code}`);
  for (const [place, { json }] of fake.chatRequests.entries()) {
    const said = (json as Body).messages.filter(({ role }) => role === 'assistant');
    const native = said.filter(
      ({ content }) => typeof content !== 'string' && content?.[0]?.type === 'thinking',
    );
    print(`  ${place + 1}  ${told[place]}  native ${native.length} of ${said.length}`);
  }
  watch.close();
  await proxy.close();
  await fake.close();
}

/** A tool is called once for each question; then it is answered, in the way that the program wants. */
function answer({ messages, tools = [] }: Body, number: number): NativeMessage {
  const thinking = { type: 'thinking' as const, thinking: `Thought ${number}.` };
  const names = tools.map(tool => tool.function.name);
  const call = (tool: string, fields: object): NativeMessage => ({
    role: 'assistant',
    content: [thinking],
    tool_calls: [
      {
        id: `${tool}_${number}`,
        type: 'function',
        function: { name: tool, arguments: JSON.stringify(fields) },
      },
    ],
  });
  const last = messages.at(-1);
  const isAnswered = last?.role === 'tool' || JSON.stringify(last?.content ?? '').includes('Snow in');
  if (names.includes('get_weather') && !isAnswered) return call('get_weather', { city: 'Oslo' });
  if (names.includes('final_answer')) return call('final_answer', { answer: 'There is snow.' });
  // A CodeAgent looks once, and then says what it is.
  const isCode = JSON.stringify(messages[0]?.content ?? '').includes('<code>');
  const code = `Thought: ${number}.\n<code>\n${number % 2 === 1 ? 'print(42)' : 'final_answer(42)'}\n</code>`;
  const text = isCode ? code : `Answer ${number}: as you said.`;
  return { role: 'assistant', content: [thinking, { type: 'text', text }] };
}
