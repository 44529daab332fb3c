import { expect, test, vi } from 'vitest';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import { Passage } from '../conversation/passage.ts';
import { atOnce } from '../streams/slices.ts';
import { messageForm } from './message-form.ts';
import { serializeMessages } from './serialize-messages.ts';
import { ToolNames } from './tool-names.ts';

const form = messageForm(undefined);
const user = (content: string): Message => ({ role: 'user', content });
const passageOf = (history: History, rest: Message[] = []) => new Passage({ lead: [], history, rest });
const bytesOf = (passage: Passage) =>
  Buffer.concat(atOnce(serializeMessages(passage, form, new ToolNames([]))));

test('a history that goes on is written on', () => {
  const lead = [{ role: 'system', content: 'Be brief.' }] as const;
  let history = History.empty;
  const said: Message[] = [];
  for (let turn = 0; turn < 50; turn += 1) {
    const added = [user(`${turn}`), { role: 'assistant', content: '' } as const];
    const passage = new Passage({ lead, history, rest: added });
    expect(`[${bytesOf(passage)}]`).toBe(
      JSON.stringify([...lead, ...said, ...added].filter(({ content }) => content)),
    );
    history = history.append(added);
    said.push(...added);
  }
});

test('what was kept too long is written anew, and goes on from there', () => {
  const half = 'x'.repeat(12 * 1024 * 1024);
  const histories = ['a', 'b', 'c', 'd'].map(name => History.of([user(name + half), user(half)]));
  for (const history of histories) bytesOf(passageOf(history));
  for (const history of histories) {
    const next = history.append([user('more')]);
    const [passage, anew] = [passageOf(next, [user('now')]), Passage.of([...next, user('now')])];
    expect(bytesOf(passage).equals(bytesOf(anew))).toBe(true);
  }
}, 30_000);

test('[XF1] many long arguments in one message are looked through in slices, and each of them once', () => {
  const escaped = JSON.stringify({ text: '"\n'.repeat(60_000) });
  const broken = `${escaped.slice(0, -2)}`;
  const toolCalls = Array.from({ length: 64 }, (_, at) => ({
    id: `c${at}`,
    name: 'write',
    arguments: at % 8 === 7 ? broken : escaped,
  }));
  const passage = passageOf(History.empty, [user('q'), { role: 'assistant', toolCalls }]);
  const parse = vi.spyOn(JSON, 'parse');
  const slices = serializeMessages(passage, form, new ToolNames([]));
  let most = 0;
  let seen = 0;
  let result = slices.next();
  for (; !result.done; result = slices.next()) {
    const parsed = parse.mock.calls.slice(seen).reduce((length, [text]) => length + text.length, 0);
    most = Math.max(most, parsed);
    seen = parse.mock.calls.length;
  }
  parse.mockRestore();
  expect(most).toBeLessThan(1024 * 1024);
  expect(seen).toBe(toolCalls.length);
  const written = JSON.parse(`[${Buffer.concat(result.value)}]`);
  expect(
    written[1].tool_calls.map((call: { function: { arguments: string } }) => call.function.arguments),
  ).toEqual(toolCalls.map((_, at) => (at % 8 === 7 ? '{}' : escaped)));
});
