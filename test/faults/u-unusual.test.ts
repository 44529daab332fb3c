// What is rare on Cohere's side, and allowed: U27, U28, U31 and U33.
import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import tls from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Certified, makeAuthority, makeCertificate } from '../support/certificate.ts';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { ask, expectAnswered, expectFailed, goodAnswer } from '../support/outcome.ts';
import { startPair, within } from '../support/start.ts';
import { chunk, end, head, json } from '../support/upstream-script.ts';

const both = [
  ['streamed', true],
  ['whole', false],
] as const;

/** Answers as soon as it has seen the head of a request, and takes the body for nothing. */
async function startEarly(answer: string): Promise<{ readonly url: string; readonly heads: string[] }> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', data => {
      const [line = ''] = data.toString('latin1').split('\r\n');
      heads.push(line);
      const [top, body = ''] = line.includes('/v2/chat') ? answer.split('\n\n') : ['404 Not Found', '{}'];
      socket.write(
        `HTTP/1.1 ${top}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
      socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heads };
}

// More than the kernel's buffers take, so that most of it is still to be sent.
const long = 'some words of a long text. '.repeat(280_000);

describe.each(both)('%s', (_form, stream) => {
  const big = { model: 'my-own', message: long, stream };
  const options = { contexts: { 'my-own': 100_000_000 }, tokenizer: 'none' } as const;

  it('U27 a refusal that comes before the request was sent is the answer', async () => {
    const early = await startEarly('400 Bad Request\n\n{"message":"invalid request: too large for us"}');
    const pair = await startPair({ ...options, cohereBaseUrl: early.url });
    const outcome = await within(ask(pair, big), 'the answer');
    expect(outcome.status, outcome.raw).toBe(400);
    expect(outcome.error?.message).toContain('too large for us');
    expect(early.heads.filter(line => line.includes('/v2/chat'))).toHaveLength(1);
    // Nothing of the request that was given up comes into the next one.
    expect((await ask(pair, { model: 'my-own', message: 'x', stream })).status).toBe(400);
  });

  it('U27 so is an answer', async () => {
    const early = await startEarly(`200 OK\n\n${JSON.stringify(goodAnswer('at once'))}`);
    const pair = await startPair({ ...options, cohereBaseUrl: early.url });
    expectAnswered(await within(ask(pair, { ...big, include_messages: false }), 'the answer'), 'at once');
  });

  it.each(['Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT', 'yesterday', ''])(
    'U28 whatever Cohere takes for the time (%s), ours holds',
    async date => {
      const pair = await startPair();
      const before = Math.floor(Date.now() / 1_000);
      const answer = frames(begin, text('a'), messageEnd());
      pair.fake.script(head(200, { 'content-type': 'text/event-stream', date }), chunk(answer), end());
      const response = await pair.post({ sessionId: 's', message: 'x', stream });
      const created = Number(/"created":(\d+)/.exec(await response.text())?.[1]);
      expect(created).toBeGreaterThanOrEqual(before);
      expect(created).toBeLessThanOrEqual(Math.ceil(Date.now() / 1_000));
      const session = await (await pair.send('GET', '/v1/sessions/s')).json();
      const { updated_at } = session as { updated_at: number };
      expect(Math.abs(updated_at - created)).toBeLessThan(60);
    },
  );

  it.each([
    ['beyond its end', [[2, 90, 'nothing of it']]],
    ['with the end before the start', [[5, 2, '']]],
    [
      'one in another',
      [
        [0, 6, '🌊 wave'],
        [2, 4, 'wa'],
        [2, 4, 'wa'],
      ],
    ],
    ['at half of a surrogate pair', [[1, 2, '🌊'.slice(1)]]],
    ['below zero', [[-3, 1, '🌊']]],
  ] as const)('U33 citations %s are kept as they were sent', async (_what, spans) => {
    const pair = await startPair();
    const citations = spans.map(([start, stop, cited]) => ({
      start,
      end: stop,
      text: cited,
      sources: [{ type: 'document', id: 'doc:0', document: { id: 'doc:0', text: 'sea' } }],
      type: 'TEXT_CONTENT',
      content_index: 0,
    }));
    const answer = {
      id: 'r',
      message: { role: 'assistant', content: [{ type: 'text', text: '🌊 waves' }], citations },
      finish_reason: 'COMPLETE',
    };
    const events = [
      begin,
      // Before the text that they are of.
      ...citations.map((one, index) => ({
        type: 'citation-start',
        index,
        delta: { message: { citations: one } },
      })),
      text('🌊 waves'),
      messageEnd(),
    ];
    if (stream) pair.fake.script(head(), chunk(frames(...events)), end());
    else pair.fake.replyJson(answer);
    expectAnswered(await ask(pair, { sessionId: 's', message: 'x', stream }), '🌊 waves');
    // The model reads what it said.
    pair.fake.replyJson(goodAnswer('on'));
    expectAnswered(await ask(pair, { sessionId: 's', message: 'y' }), 'on');
    const next = await pair.fake.nextChatRequest().then(() => pair.fake.nextChatRequest());
    const { messages } = next.json as { messages: { citations?: unknown[] }[] };
    const given = messages.find(message => message.citations)?.citations;
    expect(given).toMatchObject(
      JSON.parse(JSON.stringify(citations.map(({ start, end: stop }) => ({ start, end: stop })))),
    );
  });
});

describe('U31 TLS', () => {
  const name = 'An authority of this test';
  const authority = makeAuthority(name);
  const stranger = makeAuthority(name);
  const own = tls.getCACertificates('default');

  async function startTls({ cert, key }: Certified): Promise<{ readonly url: string; asked: number }> {
    const served = { url: '', asked: 0 };
    const server = createHttps({ cert, key }, (request, response) => {
      request.resume().on('end', () => {
        if (request.url?.startsWith('/v2/chat')) served.asked += 1;
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(goodAnswer('in secret')));
      });
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    tls.setDefaultCACertificates([...own, authority.cert]);
    onTestFinished(() => {
      tls.setDefaultCACertificates(own);
      server.closeAllConnections();
      server.close();
    });
    served.url = `https://localhost:${(server.address() as AddressInfo).port}`;
    return served;
  }

  it('U31 a good certificate is taken', async () => {
    const served = await startTls(makeCertificate(authority, name, { host: 'localhost' }));
    const pair = await startPair({ cohereBaseUrl: served.url });
    expectAnswered(await ask(pair, { message: 'x' }), 'in secret');
  });

  it.each([
    ['of an authority that nobody knows', () => makeCertificate(stranger, name, { host: 'localhost' })],
    ['that is over', () => makeCertificate(authority, name, { host: 'localhost', days: -1 })],
    ['for another name', () => makeCertificate(authority, name, { host: 'cohere.example' })],
    ['that certifies itself', () => makeAuthority('localhost')],
  ])('U31 one %s: 502, and nothing is sent, not even the key', async (_what, make) => {
    const served = await startTls(make());
    const pair = await startPair({ cohereBaseUrl: served.url });
    for (const stream of [true, false])
      expectFailed(await ask(pair, { message: 'x', stream }), 'upstream_unreachable', 502);
    expect(served.asked).toBe(0);
  });
});

it('U33 a citation that is none at all ends no answer', async () => {
  const pair = await startPair();
  pair.fake.script(
    ...json({
      ...goodAnswer('a'),
      message: {
        role: 'assistant',
        content: [{ type: 'text', text: 'a' }],
        citations: [null, 7, {}, { start: 'a', end: {}, text: 5, sources: 'x' }],
      },
    }),
  );
  expectAnswered(await ask(pair, { message: 'x' }), 'a');
});
