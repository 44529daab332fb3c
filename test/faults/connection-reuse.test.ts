// A connection to Cohere is used again after a stream, too: with TLS a new one costs a handshake each turn.
import { afterEach, expect, it } from 'vitest';
import { fixture } from '../support/fixtures.ts';
import { ProxyUnderTest } from '../support/proxy-under-test.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(() => proxy?.stop());

it('streamed turns in a row share connections', async () => {
  proxy = await ProxyUnderTest.start();
  for (let turn = 0; turn < 8; turn += 1) proxy.fake.replySse(fixture('plain.sse'));
  const connections: number[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    const response = await proxy.chat({ message: 'Hello', stream: true });
    expect(await response.text()).toContain('data: [DONE]');
    const request = await proxy.fake.nextChatRequest();
    expect(await request.outcome).toBe('answered');
    connections.push(request.connection);
  }
  // The list of models has one of its own at first, and a turn may begin before the last one's end was read.
  expect(new Set(connections).size).toBeLessThan(4);
});
