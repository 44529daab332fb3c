import { expect, test } from 'vitest';
import { readLines } from './import-sessions.ts';

const options = {
  jsonDepth: 64,
  jsonValues: 150_000,
  jsonKeys: 20_000,
  textBytes: 1_000_000,
  sessionsPerImport: 3,
  defaultModel: 'm',
  readMessages: async () => [{ role: 'user' as const, content: 'a' }],
};
const session = '{"messages":[{"role":"user","content":"a"}]}';
const read = (text: string) => readLines(Buffer.from(text), 'owner', options);

/** How many turns others had meanwhile. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const count = () => {
    if (isOver) return;
    turns += 1;
    setImmediate(count);
  };
  setImmediate(count);
  await work.catch(() => {});
  isOver = true;
  return turns;
}

test.each([
  ['line breaks', '\n'],
  ['blanks', ' '],
  ['returns', '\r\n'],
])('[XF6] 16 MiB of %s give way to others, and are linear', async (_, blank) => {
  const turns = await turnsDuring(read(blank.repeat(16 * 1024 * 1024)));
  expect(turns).toBeGreaterThan(0);
});

test('[XF6] lines keep their numbers, whatever is blank between them', async () => {
  const brought = await read(`\n\n  ${session}\r\n \n${session}\n\n\n${session}`);
  expect(brought.map(({ line }) => line)).toEqual([3, 5, 8]);
  await expect(read(`${'\n'.repeat(100_000)}{"messages":0}`)).rejects.toMatchObject({
    details: { line: 100_001 },
  });
});

test('[XF4] there is a limit on their number', async () => {
  await expect(read(`${session}\n`.repeat(4))).rejects.toMatchObject({
    code: 'array_above_max_length',
    details: { line: 4 },
  });
});
