// A proxy that dies, or sleeps, in the middle of a turn leaves a session that is held and a key that is claimed. Neither
// for long, and who wakes up disturbs nobody. On SQLite, where a process that is gone is known to be.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Gate } from '../support/gate.ts';
import {
  ask,
  expectAnswered,
  expectFailed,
  goodAnswer,
  readOutcome,
  readSession,
} from '../support/outcome.ts';
import { ProxyProcess } from '../support/proxy-process.ts';
import { startPair } from '../support/start.ts';
import { gate, json } from '../support/upstream-script.ts';

const key = { 'idempotency-key': 'k1' };
const named = { sessionId: 's', message: 'two' };

/** A session of one turn; the second one has come to Cohere, by a process of its own. */
async function startBeside() {
  const directory = await mkdtemp(join(tmpdir(), 'cohere-proxy-crash-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const sessionStore = `sqlite:${join(directory, 'sessions.db')}`;
  const pair = await startPair({ sessionStore });
  pair.fake.replyJson(goodAnswer('re one'));
  expectAnswered(await ask(pair, { sessionId: 's', message: 'one' }));
  const place = new Gate();
  onTestFinished(() => place.open());
  pair.fake.script(gate(place), ...json(goodAnswer('late')));
  const other = new ProxyProcess(directory, {
    args: ['--port', '0', '--session-store', sessionStore, '--cohere-base-url', pair.fake.url],
    env: { COHERE_API_KEY: 'proxy-own-key-0123456789' },
  });
  onTestFinished(() => other.kill('SIGKILL'));
  await other.started();
  const running = fetch(`${other.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...key },
    body: JSON.stringify(named),
  });
  await place.reached;
  pair.fake.setDefault(({ json: body }) => {
    const { messages } = body as { messages: { content: string }[] };
    return json(goodAnswer(`re ${messages.at(-1)?.content}`));
  });
  const said = async () => (await readSession(pair, 's'))?.messages.map(({ content }) => content);
  return { pair, other, running, place, said };
}

it('[S1] [R16] [R17] what a process held that was killed is free for the next one', async () => {
  const { pair, other, running, said } = await startBeside();
  expectFailed(await ask(pair, named, key), 'idempotency_key_in_use', 409);
  const broken = expect(running).rejects.toThrow();
  await other.kill('SIGKILL');
  await broken;
  expectAnswered(await ask(pair, named, key), 're two');
  expect(await said()).toEqual(['one', 're one', 'two', 're two']);
});

it('[S10] [R16] who slept for longer than it holds its session has lost it, and appends nothing', async () => {
  const { pair, other, running, place, said } = await startBeside();
  await other.kill('SIGSTOP');
  // It waits at the session, meanwhile.
  expectAnswered(await ask(pair, { sessionId: 's', message: 'three' }), 're three');
  place.open();
  await other.kill('SIGCONT');
  expectFailed(await readOutcome(await running), 'session_conflict', 409);
  expect(await said()).toEqual(['one', 're one', 'three', 're three']);
  // Its key is free again.
  expectAnswered(await ask(pair, named, key), 're two');
});
