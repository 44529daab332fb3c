// What an acceptance check once found: each was red before it was mended.
import { afterEach, describe, expect, it } from 'vitest';
import { fixture } from '../support/fixtures.ts';
import { Gate } from '../support/gate.ts';
import { ProxyUnderTest } from '../support/proxy-under-test.ts';
import { error, gate, json } from '../support/upstream-script.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(() => proxy?.stop());

const plain = JSON.parse(fixture('plain.json'));

function post(body: object, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${proxy?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

const tool = { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } };

describe('sessions', () => {
  it('the repeat of a client that still runs waits for it and gets its answer; the turn is stored once', async () => {
    proxy = await ProxyUnderTest.start();
    const place = new Gate();
    proxy.fake.script(gate(place), ...json(plain));
    const body = { sessionId: 'twice', message: 'Hello' };
    const first = post(body, { 'x-stainless-retry-count': '0' });
    await place.reached;
    const second = post(body, { 'x-stainless-retry-count': '1' });
    place.open();
    expect((await first).status).toBe(200);
    expect((await second).headers.get('idempotent-replayed')).toBe('true');
    const stored = (await (await fetch(`${proxy.url}/v1/sessions/twice`)).json()) as { messages: unknown[] };
    expect(stored.messages).toHaveLength(2);
    expect(proxy.fake.chatRequests).toHaveLength(1);
  });

  it('a whole conversation begins an expired session of that name anew', async () => {
    proxy = await ProxyUnderTest.start({ limits: { sessionIdleMs: 1 } });
    for (let turn = 0; turn < 2; turn += 1) proxy.fake.replyJson(plain);
    await post({ sessionId: 'own', message: 'Hello' });
    await expect.poll(async () => (await post({ sessionId: 'own', message: 'More' })).status).toBe(404);
    const messages = [
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hi.' },
      { role: 'user', content: 'More' },
    ];
    const response = await post({ sessionId: 'own', messages });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-session-state')).toBe('new');
  });

  it('tools count as what a session holds', async () => {
    proxy = await ProxyUnderTest.start({ limits: { sessionStoreBytes: 300_000 } });
    for (let turn = 0; turn < 5; turn += 1) {
      proxy.fake.replyJson(plain);
      const described = { ...tool, function: { ...tool.function, description: 'x'.repeat(100_000) } };
      expect((await post({ message: 'Hello', tools: [described] })).status).toBe(200);
    }
    const list = (await (await fetch(`${proxy.url}/v1/sessions`)).json()) as { data: unknown[] };
    expect(list.data.length).toBeLessThan(3);
  });
});

describe('tools', () => {
  it('tool_choice none is kept where the model takes no tool_choice: no tools are sent', async () => {
    proxy = await ProxyUnderTest.start();
    proxy.fake.script(...error(400, { message: 'tool_choice is not supported for this model' }));
    proxy.fake.replyJson(plain);
    const response = await post({
      model: 'command-a-plus-05-2026',
      messages: [{ role: 'user', content: 'Look.' }],
      tools: [tool],
      tool_choice: 'none',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-dropped-parameters')).toBeNull();
    await proxy.fake.nextChatRequest();
    expect((await proxy.fake.nextChatRequest()).json).not.toHaveProperty('tools');
  });

  it('tool_choice auto offers the tools that the session remembers', async () => {
    proxy = await ProxyUnderTest.start();
    for (let turn = 0; turn < 2; turn += 1) proxy.fake.replyJson(plain);
    await post({ sessionId: 's', message: 'Hello', tools: [tool] });
    await post({ sessionId: 's', message: 'Look.', tool_choice: 'auto' });
    await proxy.fake.nextChatRequest();
    expect((await proxy.fake.nextChatRequest()).json).toHaveProperty('tools');
  });
});

it('what was repeated here is not to be repeated by the client', async () => {
  proxy = await ProxyUnderTest.start();
  for (let call = 0; call < 2; call += 1) proxy.fake.script(...error(503, { message: 'busy' }));
  const response = await post({ message: 'Hello' });
  expect(response.status).toBe(502);
  expect(response.headers.get('x-should-retry')).toBe('false');
});

it('of two parameters for the same thing the one that gives way is named, and so is a name', async () => {
  proxy = await ProxyUnderTest.start();
  proxy.fake.replyJson(plain);
  const response = await post({
    model: 'command-a-03-2025',
    messages: [{ role: 'user', content: 'Hello', name: 'ada' }],
    max_tokens: 5,
    max_completion_tokens: 6,
    tools: [tool],
    functions: [{ name: 'old' }],
    tool_choice: 'auto',
    function_call: 'none',
  });
  const dropped = response.headers.get('x-dropped-parameters')?.split(', ');
  expect(dropped?.sort()).toEqual(['function_call', 'functions', 'max_tokens', 'messages.name']);
});
