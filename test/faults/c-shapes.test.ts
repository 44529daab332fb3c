// Bodies whose shape costs. Catalogue C8, XF1: a clear 400, and the event loop goes on.
import { describe, expect, it } from 'vitest';
import { postRaw, startGood } from '../support/ask-raw.ts';
import { chatPath, within } from '../support/start.ts';

function nested(depth: number, open: string, close: string): string {
  return `{"message":"x","deep":${open.repeat(depth)}1${close.repeat(depth)}}`;
}

describe('C8 shapes that cost', () => {
  it.each([
    ['65 arrays', nested(64, '[', ']')],
    ['65 objects', nested(64, '{"a":', '}')],
    ['1,000,000 arrays', nested(1_000_000, '[', ']')],
    ['never closed', '['.repeat(500_000)],
  ])('C8 depth: %s: 400 invalid_json', async (_name, body) => {
    expect(await postRaw(await startGood(), body)).toMatchObject({ status: 400, code: 'invalid_json' });
  });

  it('C8 depth 64 is taken, and brackets in texts are no depth', async () => {
    const pair = await startGood();
    expect((await postRaw(pair, nested(63, '[', ']'))).status).toBe(200);
    expect((await postRaw(pair, JSON.stringify({ message: `${'['.repeat(500)}\\"{` }))).status).toBe(200);
  });

  const many = (count: number, item: string) => Array.from({ length: count }, () => item).join(',');
  it.each([
    ['10,001 messages', `{"model":"m","messages":[${many(10_001, '{"role":"user","content":"x"}')}]}`, 400],
    [
      '600 tools',
      `{"message":"x","tools":[${many(600, '{"type":"function","function":{"name":"a"}}')}]}`,
      400,
    ],
    [
      '60,000 keys',
      `{"message":"x",${Array.from({ length: 60_000 }, (_, n) => `"k${n}":1`).join(',')}}`,
      400,
    ],
    [
      '60,000 index keys',
      `{"message":"x",${Array.from({ length: 60_000 }, (_, n) => `"${n}":1`).join(',')}}`,
      400,
    ],
    ['one key 60,000 times', `{"message":"x",${many(60_000, '"a":1')}}`, 200],
    ['a text of 1 MB', `{"model":"my-own","message":"${'x'.repeat(1_000_000)}"}`, 200],
    ['1 MB of quotes', `{"message":"${'\\"'.repeat(500_000)}"}`, 200],
    ['1 MB of backslashes', `{"message":"${'\\\\'.repeat(500_000)}"}`, 200],
    ['1 MB of escaped quotes in a broken text', `{"message":"${'\\"'.repeat(500_000)}`, 400],
    ['an array of 500,000', `{"message":"x","a":[${many(500_000, '1')}]}`, 400],
    ['parts of one message', `{"message":[${many(20_000, '{"type":"text","text":"abcdefgh"}')}]}`, 200],
  ])('C8 %s: answered or refused', async (name, body, status) => {
    const outcome = await within(postRaw(await startGood(), body), name);
    expect(outcome.status).toBe(status);
  });
});

// How long each of these keeps the loop is measured by `npm run hostile`; here is what keeps it short.
describe('[XF1] more than is taken is refused before anything walks through it', () => {
  const list = (count: number, item = '0') => `[${Array.from({ length: count }, () => item).join(',')}]`;

  it.each([
    ['tools', `"tools":${list(513)}`, 'array_above_max_length', 'tools'],
    ['functions', `"functions":${list(513)}`, 'array_above_max_length', 'functions'],
    ['documents', `"documents":${list(1_001)}`, 'array_above_max_length', 'documents'],
    ['stop', `"stop":${list(1_001)}`, 'array_above_max_length', 'stop'],
    ['modalities', `"modalities":${list(1_001)}`, 'array_above_max_length', 'modalities'],
    [
      'allowed tools',
      `"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":${list(513)}}}`,
      'array_above_max_length',
      'tool_choice.allowed_tools.tools',
    ],
    [
      'keys of a field',
      `"logit_bias":{${Array.from({ length: 1_001 }, (_, n) => `"${n}":1`).join(',')}}`,
      'object_above_max_properties',
      'logit_bias',
    ],
    [
      'the bytes of a tool',
      `"tools":[{"type":"function","function":{"name":"a","description":"${'x'.repeat(2_100_000)}"}}]`,
      'request_too_large',
      'tools',
    ],
    [
      'the bytes of a document',
      `"documents":[{"text":"${'x'.repeat(2_100_000)}"}]`,
      'request_too_large',
      'documents',
    ],
  ])('[XF1] %s', async (_name, field, code, param) => {
    const outcome = await postRaw(await startGood(), `{"message":"x",${field}}`);
    expect(outcome).toMatchObject({ status: code === 'request_too_large' ? 413 : 400, code, param });
  });

  it.each([
    ['parts', `{"message":${list(20_001, '{"type":"text","text":"a"}')}}`, 'message'],
    [
      'parts of many messages',
      `{"model":"m","messages":${list(3, `{"role":"user","content":${list(7_000, '{"type":"text","text":"a"}')}}`)}}`,
      'messages',
    ],
    [
      'calls',
      `{"model":"m","messages":[{"role":"assistant","tool_calls":${list(20_001, '{"id":"a"}')}}]}`,
      'messages',
    ],
  ])('[XF1] %s', async (_name, body, param) => {
    const outcome = await postRaw(await startGood(), body);
    expect(outcome).toMatchObject({ status: 400, code: 'array_above_max_length', param });
  });

  it('[XF1] an error tells no more than its first lines', async () => {
    const pair = await startGood();
    for (const field of [`"sessionId":"${'s'.repeat(100_000)}"`, `"${'k'.repeat(100_000)}":1,"stream":2`]) {
      const response = await fetch(pair.url + chatPath, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"message":"x",${field}}`,
      });
      expect(response.status).toBe(400);
      expect((await response.text()).length).toBeLessThan(3_000);
    }
  });
});
