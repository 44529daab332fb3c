import { describe, expect, test } from 'vitest';
import { History } from './history.ts';
import type { ImagePart, Message } from './message.ts';
import { holdsResultImage, isResultImage, moveResultImages } from './result-images.ts';
import { intelligentTruncateMessages } from './truncate.ts';

const say = (content: string): Message => ({ role: 'user', content });
const calls = (...ids: string[]): Message => ({
  role: 'assistant',
  toolCalls: ids.map(id => ({ id, name: 'look', arguments: '{}' })),
});
const image = (name: string): ImagePart => ({ type: 'image', url: `https://example.com/${name}.png` });
const result = (toolCallId: string, ...images: string[]): Message => ({
  role: 'tool',
  toolCallId,
  content: images.length === 0 ? 'plain' : [{ type: 'text', text: 'shot' }, ...images.map(image)],
});
const imagesIn = (message: Message | undefined) =>
  message?.role === 'user' && typeof message.content !== 'string'
    ? message.content.filter(part => part.type === 'image')
    : [];

describe('images of tool results', () => {
  const messages = [say('Look.'), calls('a', 'b', 'c'), result('a', 'x', 'y'), result('b'), result('c', 'z')];

  test('stand behind all results of their step, in order', () => {
    const told = moveResultImages([...messages, say('And now?')]);
    expect(told.map(({ role }) => role).join(' ')).toBe('user assistant tool tool tool user user user');
    expect([told[5], told[6]].map(imagesIn)).toEqual([[image('x'), image('y')], [image('z')]]);
    expect(JSON.stringify(told.slice(2, 5))).not.toContain('https:');
    expect(told.map(isResultImage)).toEqual([false, false, false, false, false, true, true, false]);
    expect(moveResultImages(messages).slice(0, 7)).toEqual(told.slice(0, 7));
  });

  test('nothing is made where there are none, and the same objects are made again', () => {
    const plain = [say('Look.'), calls('a'), result('a')];
    expect(moveResultImages(plain)).toBe(plain);
    const [one, other] = [moveResultImages(messages), moveResultImages(messages)];
    for (const [place, message] of one.entries()) expect(other[place]).toBe(message);
    expect(holdsResultImage(History.empty, plain)).toBe(false);
    expect(holdsResultImage(History.empty, messages)).toBe(true);
  });

  test('are cut with their step, and are not what the user said last', () => {
    const long: Message[] = [say('The task.')];
    for (let at = 0; at < 10; at += 1)
      long.push(say(`question ${at}`), calls(`a${at}`), result(`a${at}`, 'x'), {
        role: 'assistant',
        content: 'ok',
      });
    const told = moveResultImages(long);
    const { messages: kept } = intelligentTruncateMessages(told, 25, { count: () => 1 });
    expect(kept.some(message => message.role === 'user' && message.content === 'question 9')).toBe(true);
    for (const [place, message] of kept.entries())
      if (isResultImage(message)) expect(kept[place - 1]?.role).toBe('tool');
    for (const [place, message] of kept.entries())
      if (message.role === 'tool') expect(isResultImage(kept[place + 1])).toBe(true);
  });
});
