// P13: inputs that went wrong once, here or elsewhere, a file each in `test/corpus`: they never do again.
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { postRaw } from '../support/ask-raw.ts';
import { ask, expectErrorShape, goodAnswer } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { chunk, end, head, json } from '../support/upstream-script.ts';

const folder = resolve(import.meta.dirname, '../corpus');
const named = (pattern: RegExp) => readdirSync(folder).filter(name => pattern.test(name));
const read = (name: string) => readFileSync(resolve(folder, name));

describe('P13', () => {
  test.each(named(/^request-.*\.json$/))(
    'P13 %s: answered or refused, and the next one is answered',
    async name => {
      const pair = await startPair();
      pair.fake.setDefault(() => json(goodAnswer('ok')));
      const { status } = await postRaw(pair, read(name));
      expect([200, 400]).toContain(status);
      expect((await postRaw(pair, '{"message":"next"}')).status).toBe(200);
    },
  );

  test.each(named(/^stream-.*\.sse$/))(
    'P13 %s: an answer or an error, the same however it is cut',
    async name => {
      const pair = await startPair();
      const text = read(name);
      const told = async (splitAt?: 'every-byte') => {
        for (let attempt = 0; attempt < 2; attempt += 1)
          pair.fake.script(head(), chunk(text, splitAt ? { splitAt } : {}), end());
        const before = pair.fake.chatRequests.length;
        const outcome = await ask(pair, { message: 'x', stream: true });
        // One that was not asked for again leaves its script.
        if (pair.fake.chatRequests.length - before < 2) {
          pair.fake.replyJson(goodAnswer('left'));
          await ask(pair, { message: 'y' });
          await ask(pair, { message: 'z' });
        }
        if (outcome.error) expectErrorShape(outcome);
        return [outcome.error?.code, outcome.text, outcome.toolCalls.map(({ arguments: text }) => text)];
      };
      expect(await told('every-byte')).toEqual(await told());
    },
  );
});
