// More images than Cohere takes in one request: the oldest give way to a note, and the conversation goes on.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { expectAnswered, goodAnswer, readOutcome } from '../support/outcome.ts';
import { type Pair, startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const model = 'command-a-vision-07-2025';
const data = (bytes: number) => `data:image/png;base64,${'iVBORw0K'.repeat(Math.ceil(bytes / 6))}`;
const image = (url: string) => ({ type: 'image_url', image_url: { url } });
const asks = (name: string, ...urls: string[]) => [{ type: 'text', text: name }, ...urls.map(image)];
const isNote = (text: string) => text.startsWith('[An image was left out here: at most 20');

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly image_url?: { readonly url: string };
}

interface Shown {
  readonly urls: readonly string[];
  readonly notes: number;
  readonly dropped: string;
  readonly body: string;
}

async function startOn(store: 'memory' | 'SQLite', context = 1_000_000): Promise<Pair> {
  const pair = await startPair({ contexts: { [model]: context }, sessionStore: storeOf(store) });
  pair.fake.setDefault(() => json({ ...goodAnswer('seen'), usage: undefined }));
  return pair;
}

async function see(pair: Pair, body: object): Promise<Shown> {
  const response = await pair.post({ model, include_messages: false, ...body });
  expectAnswered(await readOutcome(response));
  const sent = (pair.fake.chatRequests.at(-1)?.json ?? {}) as {
    messages?: readonly { readonly content?: string | Block[] }[];
  };
  const blocks = (sent.messages ?? []).flatMap(({ content }) => (Array.isArray(content) ? content : []));
  return {
    urls: blocks.flatMap(({ image_url }) => (image_url ? [image_url.url] : [])),
    notes: blocks.filter(({ text = '' }) => isNote(text)).length,
    dropped: response.headers.get('x-dropped-parameters') ?? '',
    body: JSON.stringify(sent.messages),
  };
}

const url = (name: number | string) => `https://images.example/${name}.png`;

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  const start = (context?: number) => startOn(store, context);

  test('[XB3] the 21st image of a session: the oldest give way, and are named', async () => {
    const pair = await start();
    const say = (name: number) => see(pair, { sessionId: 's', message: asks(`m${name}`, url(name)), stream });
    for (let name = 0; name < 20; name += 1) {
      const shown = await say(name);
      expect([shown.urls.length, shown.notes, shown.dropped]).toEqual([name + 1, 0, '']);
    }
    const shown = await say(20);
    expect(shown.urls).toEqual(Array.from({ length: 15 }, (_, at) => url(at + 6)));
    expect(shown.notes).toBe(6);
    expect(shown.dropped).toMatch(/^messages\[0\]\.content\[1\], messages\[2\]\.content\[1\]/);
    // For five more images the prompt begins as it did.
    let { body } = shown;
    for (let name = 21; name < 26; name += 1) {
      const next = await say(name);
      expect(next.body.startsWith(body.slice(0, -1))).toBe(true);
      ({ body } = next);
    }
    expect((await say(26)).urls).toHaveLength(15);
    // What is remembered is whole.
    const stored = await (await pair.send('GET', '/v1/sessions/s')).text();
    expect(stored.split('images.example').length - 1).toBe(27);
  });

  test('[XB3] three images of 8 MB in three messages: the first gives way', async () => {
    const pair = await start();
    const large = [1, 2, 3].map(() => data(8_000_000));
    const messages = large.flatMap((one, at) => [
      { role: 'user', content: asks(`m${at}`, one) },
      ...(at < 2 ? [{ role: 'assistant', content: 'seen' }] : []),
    ]);
    const shown = await see(pair, { messages, stream });
    expect([shown.urls.length, shown.notes]).toEqual([1, 2]);
    expect(shown.dropped).toBe('messages[0].content[1], messages[2].content[1]');
  });

  test('[XB3] 21 images that a tool has shown: the oldest give way, in each turn of the whole conversation', async () => {
    const pair = await start();
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];
    const messages: object[] = [{ role: 'user', content: 'Look around.' }];
    const eyes = 'command-a-plus-05-2026';
    for (let name = 0; name < 23; name += 1) {
      const call = { id: `call_${name}`, type: 'function', function: { name: 'look', arguments: '{}' } };
      messages.push(
        { role: 'assistant', content: null, tool_calls: [call] },
        { role: 'tool', tool_call_id: call.id, content: asks(`shot ${name}`, url(name)) },
      );
      if (name < 19) continue;
      const shown = await see(pair, { model: eyes, tools, messages, stream });
      expect(shown.urls.at(-1)).toBe(url(name));
      expect(shown.urls).toHaveLength(name === 19 ? 20 : name - 5);
      if (name > 19) expect(shown.dropped).toMatch(/^messages\[\d+\]\.content/);
    }
  });

  test('[XB3] a message that brings more than the model takes keeps as many as it can, the last ones', async () => {
    const pair = await start();
    const urls = Array.from({ length: 23 }, (_, at) => url(at));
    const before = [
      { role: 'user', content: asks('before', url('before')) },
      { role: 'assistant', content: 'seen' },
    ];
    const content = asks('all', ...urls);
    const shown = await see(pair, { messages: [...before, { role: 'user', content }], stream });
    expect(shown.urls).toEqual(urls.slice(3));
    expect(shown.notes).toBe(4);
  });

  test('[XB3] one image that alone is too large gives way to the note, the words stay', async () => {
    const shown = await see(await start(), { message: asks('look', data(21_000_000)), stream });
    expect([shown.urls.length, shown.notes]).toEqual([0, 1]);
    expect(shown.body).toContain('look');
  });

  test('[XB3] images and text give way together: the cut of the text stays where it was', async () => {
    const pair = await start(100_000);
    const long = (name: number) => `m${name} ${'word '.repeat(1_500)}`;
    let former: readonly string[] = [];
    let changes = 0;
    for (let name = 0; name < 50; name += 1) {
      const shown = await see(pair, { sessionId: 's', message: asks(long(name), url(name)), stream });
      expect(shown.urls.length).toBeLessThanOrEqual(20);
      expect(shown.urls.at(-1)).toBe(url(name));
      if (former.some((one, at) => shown.urls[at] !== one)) changes += 1;
      former = shown.urls;
    }
    // Each cut frees a quarter of the room, some four turns.
    expect(changes).toBeLessThan(25);
  });
});
