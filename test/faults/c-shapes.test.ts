// Bodies whose shape costs. Catalogue C8: a clear 400, and the event loop goes on.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { postRaw, startGood } from '../support/ask-raw.ts';
import { within } from '../support/start.ts';

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
      200,
    ],
    [
      '60,000 index keys',
      `{"message":"x",${Array.from({ length: 60_000 }, (_, n) => `"${n}":1`).join(',')}}`,
      200,
    ],
    ['one key 60,000 times', `{"message":"x",${many(60_000, '"a":1')}}`, 200],
    ['a text of 1 MB', `{"model":"my-own","message":"${'x'.repeat(1_000_000)}"}`, 200],
    ['1 MB of quotes', `{"message":"${'\\"'.repeat(500_000)}"}`, 200],
    ['1 MB of backslashes', `{"message":"${'\\\\'.repeat(500_000)}"}`, 200],
    ['1 MB of escaped quotes in a broken text', `{"message":"${'\\"'.repeat(500_000)}`, 400],
    ['an array of 500,000', `{"message":"x","a":[${many(500_000, '1')}]}`, 200],
    ['parts of one message', `{"message":[${many(20_000, '{"type":"text","text":"abcdefgh"}')}]}`, 200],
  ])('C8 %s: answered or refused, and the loop is not blocked for long', async (name, body, status) => {
    const pair = await startGood();
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const outcome = await within(postRaw(pair, body), name);
    delay.disable();
    const blockedMs = Math.round(delay.max / 1e6);
    if (blockedMs > 100) process.stdout.write(`C8 ${name}: the loop stood still for ${blockedMs} ms\n`);
    expect(outcome.status).toBe(status);
    // Client and fake share the loop with the proxy: a gross limit only.
    expect(blockedMs).toBeLessThan(1_000);
  });
});
