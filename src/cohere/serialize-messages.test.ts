import { expect, test } from 'vitest';
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
