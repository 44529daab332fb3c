// A server whose Cohere names a tokenizer: whether, and how often, it goes there. No more than the connection is
// watched: what is fetched, and what becomes of it, is told in encoder-choice.test.ts.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { CohereProxyOptions } from '../../src/index.ts';
import { goodAnswer } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

/** Takes connections and ends them: whatever is behind https is not to be had. */
async function listen() {
  let connections = 0;
  const server = createServer(socket => {
    connections += 1;
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { server, url: `https://127.0.0.1:${port}/model.json`, connections: () => connections };
}

test('auto goes there once beside the requests, package and none never', async () => {
  const place = await listen();
  const chatTwice = async (options: CohereProxyOptions) => {
    const pair = await startPair(options);
    const model = { name: 'command-a-03-2025', endpoints: ['chat'], tokenizer_url: place.url };
    pair.fake.scriptModels(...json({ models: [model] }));
    pair.fake.setDefault(() => json(goodAnswer('hello')));
    const listed = await pair.send('GET', '/v1/models');
    expect(await listed.json()).toMatchObject({ data: [{ id: model.name }] });
    for (const message of ['one', 'two']) expect((await pair.post({ message })).status).toBe(200);
  };
  await chatTwice({ tokenizer: 'none' });
  await chatTwice({ tokenizer: 'package' });
  const connected = once(place.server, 'connection');
  await chatTwice({ tokenizer: 'auto' });
  await connected;
  // The others ran before: whatever they had begun would have come before.
  expect(place.connections()).toBe(1);
});
