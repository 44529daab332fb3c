import { expect, test } from 'vitest';
import type { AssistantMessage } from '../conversation/message.ts';
import { openCarried } from './native-messages.ts';

const space = { owner: 'owner', user: undefined };
const carrying = (at: number): AssistantMessage => ({
  role: 'assistant',
  content: `answer ${at}`,
  carried: `sealed ${at}`,
});

/** Longer than work may take before others have their turn; more of it on a busy machine changes nothing. */
function workLong(): void {
  const untilMs = performance.now() + 12;
  while (performance.now() < untilMs);
}

test('[XF1] many sealed answers are opened with pauses for others, and each is what it was', async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const seal = {
    seal: () => undefined,
    open: (data: string): AssistantMessage => {
      workLong();
      const at = data.split(' ')[1] ?? '';
      return { role: 'assistant', toolPlan: `plan ${at}`, content: `answer ${at}` };
    },
  };
  const brought = Array.from({ length: 8 }, (_, at) => carrying(at));
  const opened = await openCarried([{ role: 'user', content: 'q' }, ...brought], space, seal, false);
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(7);
  expect(opened).toEqual([
    { role: 'user', content: 'q' },
    ...brought.map((_, at) => ({
      role: 'assistant',
      toolPlan: `plan ${at}`,
      content: `answer ${at}`,
      origin: 'reply',
    })),
  ]);
});
