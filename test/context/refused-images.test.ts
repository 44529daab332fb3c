// An image that Cohere cannot read gives way to a note, in one repeat; and it stays out on later turns.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { expectAnswered, expectFailed, goodAnswer, readOutcome } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { error, json } from '../support/upstream-script.ts';

const model = 'command-a-vision-07-2025';
const image = (url: string) => ({ type: 'image_url', image_url: { url } });
const asks = (text: string, ...urls: string[]) => [{ type: 'text', text }, ...urls.map(image)];
const png = `data:image/png;base64,${'iVBORw0K'.repeat(20)}`;
const url = (name: string) => `https://images.example/${name}.png`;

function shownIn(pair: Pair, at = -1): { urls: string[]; notes: number } {
  const text = JSON.stringify(pair.fake.chatRequests.at(at)?.json ?? {});
  const urls = [...text.matchAll(/"image_url":\{"url":"([^"]+)"/g)].map(([, found = '']) => found);
  return { urls, notes: text.split('it could not be read').length - 1 };
}

const refuse = (message: string, status = 400) => error(status, { id: 'x', message });

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  const start = async (): Promise<Pair> => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    pair.fake.setDefault(() => json(goodAnswer('seen')));
    return pair;
  };
  const say = (pair: Pair, body: object) => pair.post({ model, stream, ...body });

  test('[XB3] an address that no longer opens: left out in the one repeat, named, and out on later turns', async () => {
    const pair = await start();
    expectAnswered(
      await readOutcome(await say(pair, { sessionId: 's', message: asks('a', url('gone'), png) })),
    );
    pair.fake.script(...refuse(`invalid request: failed to fetch image from ${url('gone')}: 404`));
    const before = pair.fake.chatRequests.length;
    const response = await say(pair, { sessionId: 's', message: asks('b', url('there')) });
    expect(response.headers.get('x-dropped-parameters')).toBe('messages[0].content[1]');
    expectAnswered(await readOutcome(response), 'seen');
    expect(pair.fake.chatRequests.length - before).toBe(2);
    expect(shownIn(pair, -2)).toEqual({ urls: [url('gone'), png, url('there')], notes: 0 });
    expect(shownIn(pair)).toEqual({ urls: [png, url('there')], notes: 1 });

    const calls = pair.fake.chatRequests.length;
    const later = await say(pair, { sessionId: 's', message: 'c' });
    expect(later.headers.get('x-dropped-parameters')).toBe('messages[0].content[1]');
    expectAnswered(await readOutcome(later));
    expect(pair.fake.chatRequests.length - calls).toBe(1);
    expect(shownIn(pair)).toEqual({ urls: [png, url('there')], notes: 1 });
    // The history keeps it.
    const stored = await (await pair.send('GET', '/v1/sessions/s')).text();
    expect(stored).toContain(url('gone'));
    expect(stored).not.toContain('could not be read');
  });

  test('[XB3] a refusal that names no image: those that have to be fetched', async () => {
    const pair = await start();
    pair.fake.script(...refuse('failed to fetch image', 422));
    const messages = [{ role: 'user', content: asks('a', url('one'), png, url('two')) }];
    const response = await say(pair, { messages });
    expectAnswered(await readOutcome(response));
    expect(response.headers.get('x-dropped-parameters')).toBe(
      'messages[0].content[1], messages[0].content[3]',
    );
    expect(shownIn(pair)).toEqual({ urls: [png], notes: 2 });
  });

  test('[XB3] an image in base64 that is broken', async () => {
    const pair = await start();
    pair.fake.script(...refuse('invalid request: could not decode image'));
    expectAnswered(
      await readOutcome(await say(pair, { messages: [{ role: 'user', content: asks('a', png) }] })),
    );
    expect(shownIn(pair)).toEqual({ urls: [], notes: 1 });
  });

  test('[XB3] what is refused again is told, and no third call is made', async () => {
    const pair = await start();
    pair.fake.script(...refuse('failed to fetch image'));
    pair.fake.script(...refuse('something else is wrong'));
    const outcome = await readOutcome(await say(pair, { message: asks('a', url('gone')) }));
    expectFailed(outcome, 'upstream_rejected', 400);
    expect(outcome.error?.message).toContain('something else');
    expect(pair.fake.chatRequests).toHaveLength(2);
  });

  test('[XB3] a refusal about images where none is sent is no reason to ask again', async () => {
    const pair = await start();
    pair.fake.script(...refuse('image generation is not supported'));
    expectFailed(await readOutcome(await say(pair, { message: 'a' })), 'upstream_rejected', 400);
    expect(pair.fake.chatRequests).toHaveLength(1);
  });

  test('[XB3] with truncation disabled as well', async () => {
    const pair = await start();
    pair.fake.script(...refuse(`failed to fetch image: ${url('gone')}`));
    const body = { truncation: 'disabled', message: asks('a', url('gone')) };
    expectAnswered(await readOutcome(await say(pair, body)));
    expect(shownIn(pair)).toEqual({ urls: [], notes: 1 });
  });
});
