import { expect, test } from 'vitest';
import { faults } from '../../src/simulator/faults.ts';
import { assistant, model, readEvents, user, useSimulator } from './ask.ts';

const { ask, send, stream } = useSimulator();

function asking(
  word: string,
  isStream = false,
): { model: string; stream: boolean; messages: readonly object[] } {
  return { model, stream: isStream, messages: [user(`please simulate:${word}`)] };
}

test.each([
  ['429', 429, 'limited to 20 API calls / minute'],
  ['429-month', 429, 'limited to 1000 API calls / month'],
  ['422', 422, 'INVALID_TOOL_GENERATION'],
  ['500', 500, 'internal server error'],
  ['502', 502, '<h1>Bad Gateway</h1>'],
  ['503', 503, 'upstream connect error'],
])('simulate:%s', async (word, status, text) => {
  for (const isStream of [false, true]) {
    const reply = await ask(asking(word, isStream));
    expect(reply.status).toBe(status);
    expect(reply.text).toContain(text);
    expect(reply.headers.get('retry-after')).toBeNull();
  }
});

test('simulate:once-503 fails once for a body', async () => {
  expect((await ask(asking('once-503'))).status).toBe(503);
  expect((await ask(asking('once-503'))).status).toBe(200);
  expect((await ask(asking('once-503', true))).status).toBe(503);
});

test('simulate:cut breaks the connection after some bytes', async () => {
  for (const isStream of [false, true]) {
    const { received, error } = await readAll(await send(asking('cut', isStream)));
    expect(error).toBeInstanceOf(Error);
    expect(received.length).toBeGreaterThan(20);
    expect(received).not.toContain('message-end');
  }
});

test('simulate:stall is silent until the client leaves', async () => {
  const leaving = new AbortController();
  const response = await send(asking('stall', true), { signal: leaving.signal });
  const reader = response.body?.getReader();
  let received = '';
  while (received.split('content-delta').length < 7) {
    const chunk = await reader?.read();
    received += new TextDecoder().decode(chunk?.value);
  }
  const next = reader?.read().then(
    () => 'more',
    () => 'left',
  );
  leaving.abort();
  expect(await next).toBe('left');
});

test('simulate:error ends a stream of status 200', async () => {
  const events = await stream({ model, messages: [user('simulate:error')] });
  expect(events.at(-1)).toEqual({
    type: 'message-end',
    delta: {
      finish_reason: 'ERROR',
      usage: {},
      error:
        'your request resulted in an invalid tool generation. Try updating the messages or tool definitions',
      error_type: 'INVALID_TOOL_GENERATION',
    },
  });
  expect((await ask(asking('error'))).status).toBe(422);
});

test('simulate:empty is complete and says nothing', async () => {
  const { body } = await ask(asking('empty'));
  expect(body.message.content).toEqual([{ type: 'text', text: '' }]);
  expect(body.finish_reason).toBe('COMPLETE');
  const events = await stream({ model, messages: [user('simulate:empty')] });
  expect(events.map(event => event.type)).toEqual([
    'message-start',
    'content-start',
    'content-end',
    'message-end',
  ]);
});

test('simulate:no-end ends cleanly without saying so', async () => {
  const { received, error } = await readAll(await send(asking('no-end', true)));
  expect(error).toBeUndefined();
  expect(received).toContain('content-end');
  expect(received).not.toContain('message-end');
  expect(() => readEvents(received)).toThrow('[DONE]');
});

test('simulate:slow takes its time', async () => {
  const began = performance.now();
  await ask({ ...asking('slow', true), max_tokens: 2 });
  expect(performance.now() - began).toBeGreaterThan(250);
});

test('only the last message counts, and only known words', async () => {
  const messages = [user('simulate:500'), assistant('ok'), user('and now?')];
  expect((await ask({ model, messages })).status).toBe(200);
  expect((await ask(asking('toString'))).status).toBe(200);
  expect(Object.keys(faults)).toHaveLength(13);
});

async function readAll(response: Response): Promise<{ received: string; error: unknown }> {
  let received = '';
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) received += decoder.decode(chunk, { stream: true });
    return { received, error: undefined };
  } catch (error) {
    return { received, error };
  }
}
