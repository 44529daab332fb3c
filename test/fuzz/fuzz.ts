// The whole process under what may come to it from both sides: it lives, each answer has its shape, and the next turn
// works. All choices follow from the seed; what runs side by side may still interleave otherwise.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { ProxyProcess } from '../support/proxy-process.ts';
import { postText, RawClient, type RawResponse } from '../support/raw-client.ts';
import { json, sse } from '../support/upstream-script.ts';
import { below, chance, type Random } from './garble.ts';
import { oddAnswer, oddKey, oddModels } from './odd-answers.ts';
import { type OddRequest, oddRequest } from './odd-requests.ts';
import { wrongWith } from './wrong-with.ts';

const lanes = 4;
/** What has not come by then never does. */
const hangMs = 60_000;

export interface FuzzOptions {
  readonly random: Random;
  readonly requests: number;
  /** As `--session-store`; what is relative lies in the process's own directory. */
  readonly store: string;
  readonly usesClientKeys: boolean;
}

/** What went wrong, a line each. */
export async function fuzz({ random, requests, store, usesClientKeys }: FuzzOptions): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'cohere-proxy-fuzz-'));
  const fake = await FakeCohere.start();
  fake.setDefault(request => oddAnswer(random, request));
  fake.setKeyAnswer(() => oddKey(random));
  for (let lists = below(random, 6); lists > 0; lists -= 1) fake.scriptModels(...oddModels(random));
  const proxy = new ProxyProcess(directory, {
    args: ['--port', '0', '--cohere-base-url', fake.url, '--session-store', store],
    env: { PROXY_SECRET: 'f'.repeat(64), ...(usesClientKeys ? {} : { COHERE_API_KEY: 'k' }) },
  });
  try {
    await proxy.started();
    const problems: string[] = [];
    const known: string[] = [];
    let left = requests;
    const run = async () => {
      while (left > 0 && proxy.isRunning) {
        left -= 1;
        problems.push(...(await askOddly(proxy, random, known)));
      }
    };
    await Promise.all(Array.from({ length: lanes }, run));
    problems.push(...(await freshTurns(proxy, fake)));
    await proxy.kill('SIGTERM');
    const code = await soon(proxy.exitCode);
    if (code !== 0) problems.push(`the process ended with ${code}`);
    return [...problems, ...wrongLines(proxy.stderr)];
  } finally {
    await proxy.kill('SIGKILL');
    await fake.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function askOddly(proxy: ProxyProcess, random: Random, known: string[]): Promise<string[]> {
  const request = oddRequest(random, known);
  const leavesAfter = chance(random, 0.15) ? below(random, 200) : undefined;
  const isCut = leavesAfter !== undefined && chance(random, 0.3);
  const bytes = isCut ? request.bytes.subarray(0, below(random, request.bytes.length)) : request.bytes;
  const client = await RawClient.connect(proxy.baseUrl, { allowHalfOpen: true });
  try {
    await client.send(bytes);
    if (leavesAfter !== undefined) {
      for (let turns = leavesAfter; turns > 0; turns -= 1) await nextTurn();
      if (chance(random, 0.5)) client.reset();
      return [];
    }
    // What is garbled may announce more than it has: its end is told.
    if (!request.isHttp || chance(random, 0.2)) client.end();
    return await readAnswer(client, request, known);
  } finally {
    client.destroy();
  }
}

async function readAnswer(client: RawClient, request: OddRequest, known: string[]): Promise<string[]> {
  const told = (what: string) => `${what}\n  asked: ${JSON.stringify(request.bytes.toString('latin1'))}`;
  let answer: RawResponse | 'nothing' | undefined;
  try {
    answer = await soon<RawResponse | 'nothing'>(client.readResponse());
  } catch {
    answer = 'nothing';
  }
  if (answer === undefined) return [told(`no answer and no end; so far: ${client.received}`)];
  if (answer === 'nothing') return request.isHttp ? [told('no answer')] : [];
  const id = answer.headers['x-session-id'];
  if (id !== undefined && answer.status === 200) known.push(id);
  // What was asked by garbled bytes is not known: only a refusal looks the same whatever it was, but for HEAD.
  if (!request.isHttp && (answer.status < 400 || request.method === 'HEAD')) return [];
  return wrongWith(answer, request.method).map(told);
}

/** Whatever there was: new sessions work, whole and streamed, and go on. */
async function freshTurns(proxy: ProxyProcess, fake: FakeCohere): Promise<string[]> {
  if (!proxy.isRunning) return [];
  const good = {
    id: 'r',
    message: { role: 'assistant', content: [{ type: 'text', text: 'fresh' }] },
    finish_reason: 'COMPLETE',
  };
  fake.setKeyAnswer(() => json({ valid: true }));
  fake.setDefault(({ json: body }) =>
    Object(body).stream === true ? sse(frames(begin, text('fresh'), messageEnd())) : json(good),
  );
  const problems: string[] = [];
  for (const stream of [false, true])
    for (const message of ['one', 'two']) {
      const client = await RawClient.connect(proxy.baseUrl);
      const headers = { authorization: 'Bearer key-of-a-client-0' };
      await client.send(
        postText('/v1/chat/completions', { sessionId: `fresh-${stream}`, message, stream }, headers),
      );
      const answer = await soon(client.readResponse());
      client.destroy();
      if (answer?.status !== 200 || !answer.body.includes('fresh') || wrongWith(answer, 'POST').length > 0)
        problems.push(`a fresh turn: ${JSON.stringify(answer)}`);
    }
  return problems;
}

/** One JSON object a line, none of a failure of the proxy's own, and nothing of Node's. */
function wrongLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter(line => line !== '' && (!line.startsWith('{') || /"level":"fatal"|internal_error/.test(line)))
    .map(line => `in the log: ${line}`);
}

/** Undefined where it hangs. */
async function soon<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), hangMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
