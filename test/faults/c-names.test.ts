// Names that would like to be more than names. Catalogue C11, C12: no header, no log line, no prototype.
import { describe, expect, it } from 'vitest';
import { postRaw, startGood } from '../support/ask-raw.ts';
import { ask, expectAnswered, expectFailed, readSession } from '../support/outcome.ts';

describe('C11 injection through ids', () => {
  it.each([
    'a\r\nX-Evil: 1',
    'a b',
    '',
    'a/b',
    '../x',
    'ü',
    '🦩',
    '\u2028',
    'a'.repeat(129),
    'a'.repeat(10_000),
    'a%0d%0a',
    'a:b',
    'a\0',
  ])('C11 sessionId %j: 400', async sessionId => {
    const pair = await startGood();
    expectFailed(await ask(pair, { sessionId, message: 'x' }), 'invalid_value', 400);
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('C11 names of models and of unknown parameters never become headers', async () => {
    const pair = await startGood();
    const evil = 'a\r\nX-Evil: 1';
    const outcome = await ask(pair, { message: 'x', model: evil, [evil]: 1, user: evil, 'fine-name': 1 });
    expect(outcome.headers.get('x-evil')).toBeNull();
    expect(outcome.headers.get('x-dropped-parameters')).toBe('fine-name');
    for (const path of [
      '/v1/sessions/a%0d%0aX-Evil:%201',
      '/v1/models/a%0d%0aX-Evil:1',
      '/v1/sessions?after=%0d%0aX-Evil:1',
    ]) {
      const response = await pair.send('GET', path);
      expect([response.status >= 400, response.headers.get('x-evil')]).toEqual([true, null]);
      await response.arrayBuffer();
    }
    for (const { headers } of pair.fake.chatRequests) expect(headers['x-evil']).toBeUndefined();
  });
});

describe('C12 names of prototypes', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'];
  const pristine = () => [Object.keys(Object.prototype), ({} as Record<string, unknown>).polluted];

  it.each(['{"message":"x","__proto__":{"polluted":1,"stream":true}}', '{"__proto__":{"message":"x"}}'])(
    'C12 %s: refused',
    async body => {
      expect(await postRaw(await startGood(), body)).toMatchObject({ status: 400 });
      expect(pristine()).toEqual([[], undefined]);
    },
  );

  it.each([
    '{"message":"x","constructor":{"prototype":{"polluted":1}}}',
    '{"model":"m","messages":[{"role":"user","content":"x","__proto__":{"polluted":1}}]}',
    '{"model":"m","messages":[{"__proto__":{"role":"user","content":"x"}}]}',
    '{"message":{"__proto__":{"polluted":1},"content":"x"}}',
    '{"message":"x","stream_options":{"__proto__":{"include_usage":true}}}',
    '{"message":"x","citation_options":{"__proto__":{"polluted":1}}}',
    '{"message":"x","documents":[{"__proto__":{"polluted":1},"a":"b"}]}',
    '{"message":"x","logit_bias":{"__proto__":1}}',
  ])('C12 %s: taken or refused, nothing is polluted', async body => {
    expect([200, 400]).toContain((await postRaw(await startGood(), body)).status);
    expect(pristine()).toEqual([[], undefined]);
  });

  it.each(names)('C12 %s as id, model, user and tool name is a name like any other', async name => {
    const pair = await startGood();
    expect((await pair.send('GET', `/v1/sessions/${name}`)).status).toBe(404);
    const body = { sessionId: name, message: 'x', user: name, model: name };
    const tools = [
      { type: 'function', function: { name, parameters: { type: 'object', properties: { [name]: {} } } } },
    ];
    expectAnswered(await ask(pair, { ...body, tools }), 'ok');
    expectAnswered(await ask(pair, { sessionId: name, message: 'y', user: name }), 'ok');
    expect((await readSession(pair, name))?.messages).toHaveLength(4);
    expect((await pair.send('GET', `/v1/models/${name}`)).status).toBe(404);
    expect(pristine()).toEqual([[], undefined]);
  });

  it('C12 tool schemas are kept verbatim', async () => {
    const pair = await startGood();
    const parameters =
      '{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}}}';
    await postRaw(
      pair,
      `{"message":"x","tools":[{"type":"function","function":{"name":"t","parameters":${parameters}}}]}`,
    );
    expect(pair.fake.chatRequests[0]?.body.toString()).toContain(parameters);
  });
});
