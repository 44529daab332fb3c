// HTTP as clients should not speak it. Catalogue C6, C7, C14–C18, C22: refused or answered, never misread, never hung.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { expectErrorShape, goodAnswer } from '../support/outcome.ts';
import { postText, type RawClient, type RawResponse } from '../support/raw-client.ts';
import { chatPath, type Pair, startPair, within } from '../support/start.ts';
import { json } from '../support/upstream-script.ts';

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const hostLine = 'Host: 127.0.0.1';
const jsonLine = 'Content-Type: application/json';
const good = JSON.stringify({ message: 'hi' });

async function say(pair: Pair, text: string): Promise<{ client: RawClient; response: RawResponse }> {
  const client = await pair.connect();
  await client.send(text);
  const response = await within(client.readResponse(), 'an answer');
  return { client, response };
}

function expectShape({ body, status }: RawResponse): void {
  expect(body, `the body of a ${status}`).toMatch(/^\{"error":/);
  expectErrorShape({ ...JSON.parse(body), raw: body });
}

describe('C6 bodies beyond the limit', () => {
  const limits = { bodyBytes: 1_000 };

  it('C6 by Content-Length: 413 before the body came, and the connection ends', async () => {
    const pair = await startPair({ limits });
    const { client, response } = await say(
      pair,
      `${head(`POST ${chatPath} HTTP/1.1`, hostLine, jsonLine, 'Content-Length: 50000000')}{"message":"`,
    );
    expect([response.status, response.headers.connection]).toEqual([413, 'close']);
    expectShape(response);
    await within(client.closed, 'the end of the connection');
  });

  it('C6 chunked: 413 as soon as it is too much', async () => {
    const pair = await startPair({ limits });
    const chunk = `200\r\n${'x'.repeat(0x200)}\r\n`;
    const { client, response } = await say(
      pair,
      head(`POST ${chatPath} HTTP/1.1`, hostLine, jsonLine, 'Transfer-Encoding: chunked') + chunk.repeat(3),
    );
    expect(response.status).toBe(413);
    expectShape(response);
    await within(client.closed, 'the end of the connection');
  });

  it('C6 endless: the rest is not read', async () => {
    const pair = await startPair({ limits });
    const client = await pair.connect();
    await client.send(head(`POST ${chatPath} HTTP/1.1`, hostLine, jsonLine, 'Transfer-Encoding: chunked'));
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    let isOver = false;
    void client.closed.then(() => {
      isOver = true;
    });
    let sent = 0;
    // Without an end of the connection it would stop at 64 MB only.
    while (!isOver && sent < 1_000) {
      await Promise.race([client.send(chunk), client.closed]);
      sent += 1;
      await nextTurn();
    }
    expect(isOver).toBe(true);
    expect(sent).toBeLessThan(300);
  });

  it('C6 a body shorter than the Content-Length, then FIN: nothing runs', async () => {
    const pair = await startPair();
    const client = await pair.connect();
    await client.send(head(`POST ${chatPath} HTTP/1.1`, hostLine, jsonLine, 'Content-Length: 100') + good);
    client.end();
    await within(client.closed, 'the end of the connection');
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it('C6 a body longer than the Content-Length: the rest is no request', async () => {
    const pair = await startPair();
    pair.fake.setDefault(() => json(goodAnswer('ok')));
    const { client, response } = await say(pair, `${postText(chatPath, good)}{"message":"more"}`);
    // The parser meets the rest while the first is being answered, so that either may be the first to be told.
    expect([200, 400]).toContain(response.status);
    await within(client.closed, 'the end of the connection');
    expect(pair.fake.chatRequests.length).toBeLessThanOrEqual(1);
  });
});

describe('C7 requests that never end', () => {
  it('C7 a slow body: 408, and others are served meanwhile', async () => {
    const pair = await startPair({ limits: { requestTimeoutMs: 300, headersTimeoutMs: 200 } });
    const client = await pair.connect();
    await client.send(`${head(`POST ${chatPath} HTTP/1.1`, hostLine, jsonLine, 'Content-Length: 100')}{`);
    expect((await pair.send('GET', '/health')).status).toBe(200);
    const response = await within(client.readResponse(), '408 after 300 ms');
    expect(response.status).toBe(408);
    expectShape(response);
    await client.closed;
  });

  it('C7 slow headers: closed', async () => {
    const pair = await startPair({ limits: { requestTimeoutMs: 300, headersTimeoutMs: 200 } });
    const client = await pair.connect();
    await client.send(`POST ${chatPath} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: `);
    await within(client.closed, 'the end of the connection');
  });
});

describe('Transfer-Encoding', () => {
  const chunked = `${good.length.toString(16)}\r\n${good}\r\n0\r\n\r\n`;
  it.each(['gzip, chunked', 'deflate, chunked', 'GZip,chunked', 'identity, chunked', 'x, gzip, chunked'])(
    '[XF9] C14 %s: 501, nothing runs, and the connection ends',
    async encoding => {
      const pair = await startPair();
      for (const [method, path] of [
        ['POST', chatPath],
        ['GET', '/health'],
      ]) {
        const lines = [`${method} ${path} HTTP/1.1`, hostLine, jsonLine, `Transfer-Encoding: ${encoding}`];
        const { client, response } = await say(pair, head(...lines) + chunked);
        expect([response.status, response.headers.connection]).toEqual([501, 'close']);
        expectShape(response);
        expect(JSON.parse(response.body).error.code).toBe('unsupported_transfer_encoding');
        await within(client.closed, 'the end of the connection');
      }
      expect(pair.fake.chatRequests).toEqual([]);
    },
  );

  it.each(['chunked', 'Chunked'])('C14 %s alone is taken', async encoding => {
    const pair = await startPair();
    pair.fake.replyJson(goodAnswer('ok'));
    const lines = [`POST ${chatPath} HTTP/1.1`, hostLine, jsonLine, `Transfer-Encoding: ${encoding}`];
    expect((await say(pair, head(...lines) + chunked)).response.status).toBe(200);
  });
});

describe('C14 smuggling and malformed requests', () => {
  const lines = [`POST ${chatPath} HTTP/1.1`, hostLine, jsonLine];
  const length = `Content-Length: ${good.length}`;
  const bad: readonly (readonly [string, string, readonly number[]])[] = [
    ['CL and TE', `${head(...lines, length, 'Transfer-Encoding: chunked')}0\r\n\r\n`, [400]],
    ['two lengths', head(...lines, length, 'Content-Length: 3') + good, [400]],
    ['a length list', head(...lines, 'Content-Length: 3, 3') + good, [400]],
    ['a negative length', head(...lines, 'Content-Length: -1') + good, [400]],
    ['a length with a plus', head(...lines, 'Content-Length: +5') + good, [400]],
    ['an unknown TE', head(...lines, 'Transfer-Encoding: xchunked') + good, [400, 501]],
    ['TE chunked twice', `${head(...lines, 'Transfer-Encoding: chunked, chunked')}0\r\n\r\n`, [400]],
    ['TE chunked, gzip', `${head(...lines, 'Transfer-Encoding: chunked, gzip')}0\r\n\r\n`, [400]],
    ['TE gzip alone', head(...lines, 'Transfer-Encoding: gzip') + good, [400]],
    [
      'TE in HTTP/1.0',
      `${head(`POST ${chatPath} HTTP/1.0`, hostLine, jsonLine, 'Transfer-Encoding: chunked')}0\r\n\r\n`,
      [400],
    ],
    ['TE chunked not last', head(...lines, 'Transfer-Encoding: chunked, identity') + good, [400]],
    ['a space before the colon', head(...lines, `Content-Length : ${good.length}`) + good, [400]],
    ['a control character', head(...lines, length, 'X-A: a\x00b') + good, [400]],
    ['bare LF', `POST ${chatPath} HTTP/1.1\n${hostLine}\n${jsonLine}\n${length}\n\n${good}`, [400]],
    ['a folded header', head(...lines, length, 'X-A: a\r\n b') + good, [400]],
    ['a bad chunk size', `${head(...lines, 'Transfer-Encoding: chunked')}zz\r\n`, [400]],
    ['a chunk extension with LF', `${head(...lines, 'Transfer-Encoding: chunked')}5;a\nb\r\n`, [400]],
    ['no host', head(`POST ${chatPath} HTTP/1.1`, jsonLine, length) + good, [400, 403]],
    ['two hosts', head(...lines, length, 'Host: 127.0.0.1') + good, [400, 403]],
    ['two different hosts', head(...lines, length, 'Host: evil.example') + good, [400, 403]],
    ['headers of 40 KiB', head(...lines, length, `X-A: ${'a'.repeat(40_000)}`) + good, [431]],
    [
      '2,500 headers',
      head(...lines, length, ...Array.from({ length: 2_500 }, (_, n) => `X-${n}: 1`)) + good,
      [431],
    ],
    [
      'absolute form',
      head(`POST http://evil.example${chatPath} HTTP/1.1`, hostLine, jsonLine, length) + good,
      [400, 403, 404],
    ],
    ['a header __proto__', head(...lines, length, '__proto__: x', 'Expect: y') + good, [417]],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400, 505]],
    ['no HTTP', 'hello\r\n\r\n', [400]],
  ];

  it.each(bad)('C14 %s: refused, nothing runs', async (_name, text, statuses) => {
    const pair = await startPair();
    const { response } = await say(pair, text);
    expect(statuses).toContain(response.status);
    expect(pair.fake.chatRequests).toEqual([]);
  });

  it.each(bad)('I10 C14 %s: the refusal has the shape of every error', async (_name, text) => {
    const { response } = await say(await startPair(), text);
    expectShape(response);
  });
});

describe('C16 content types', () => {
  it.each<[string | undefined, number]>([
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['application/json;charset="UTF-8"', 200],
    ['Application/JSON', 200],
    ['application/json; charset=iso-8859-1', 415],
    ['application/json; charset=utf-16', 415],
    ['text/plain', 415],
    ['text/json', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/jsonp', 415],
    ['nonsense', 415],
    [undefined, 415],
  ])('C16 %s: %i', async (type, status) => {
    const pair = await startPair();
    pair.fake.setDefault(() => json(goodAnswer('ok')));
    const lines = [`POST ${chatPath} HTTP/1.1`, hostLine, `Content-Length: ${good.length}`];
    if (type !== undefined) lines.push(`Content-Type: ${type}`);
    const { response } = await say(pair, head(...lines) + good);
    expect(response.status).toBe(status);
    if (status !== 200) expectShape(response);
    expect(pair.fake.chatRequests).toHaveLength(status === 200 ? 1 : 0);
  });

  it.each(['gzip', 'deflate', 'br', 'gzip, identity'])('C16 a body in %s: 415', async encoding => {
    const { response } = await say(
      await startPair(),
      postText(chatPath, good, { 'content-encoding': encoding }),
    );
    expect(response.status).toBe(415);
    expectShape(response);
  });
});

describe('C17 methods', () => {
  it.each([
    ['GET', chatPath],
    ['HEAD', chatPath],
    ['PUT', chatPath],
    ['PATCH', chatPath],
    ['DELETE', chatPath],
    ['OPTIONS', chatPath],
    ['TRACE', chatPath],
    ['POST', '/v1/models'],
    ['PATCH', '/v1/sessions'],
    ['PUT', '/v1/sessions/abc'],
    ['POST', '/health'],
  ])('C17 %s %s: 405 with Allow', async (method, path) => {
    const pair = await startPair();
    const { response } = await say(pair, head(`${method} ${path} HTTP/1.1`, hostLine, 'Connection: close'));
    expect(response.status).toBe(405);
    expect(response.headers.allow).toMatch(/^[A-Z]+(, ?[A-Z]+)*$/);
    if (method !== 'HEAD') expectShape(response);
  });

  it('C17 no override of the method', async () => {
    const pair = await startPair();
    const { response } = await say(
      pair,
      head(
        `GET /v1/sessions/abc HTTP/1.1`,
        hostLine,
        'X-HTTP-Method-Override: DELETE',
        'X-HTTP-Method: DELETE',
      ),
    );
    expect(response.status).toBe(404);
    expect(JSON.parse(response.body).error.code).toBe('session_not_found');
  });

  it('C17 GET with a body is read to its end', async () => {
    const pair = await startPair();
    const { client, response } = await say(
      pair,
      `${head('GET /health HTTP/1.1', hostLine, 'Content-Length: 5')}12345${head('GET /ready HTTP/1.1', hostLine)}`,
    );
    expect(response.status).toBe(200);
    expect((await client.readResponse()).status).toBe(200);
  });
});

describe('C22 other forms of HTTP', () => {
  it('C22 Expect: 100-continue', async () => {
    const pair = await startPair();
    pair.fake.replyJson(goodAnswer('ok'));
    const client = await pair.connect();
    await client.send(
      head(
        `POST ${chatPath} HTTP/1.1`,
        hostLine,
        jsonLine,
        `Content-Length: ${good.length}`,
        'Expect: 100-continue',
      ),
    );
    await within(client.waitFor('HTTP/1.1 100 Continue\r\n\r\n'), '100');
    await client.send(good);
    await within(client.waitFor('"reply":"ok"'), 'the answer');
  });

  it('C22 Upgrade: websocket is not taken up', async () => {
    const { response } = await say(
      await startPair(),
      head(
        'GET /health HTTP/1.1',
        hostLine,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Key: x',
      ),
    );
    expect(response.status).toBe(200);
  });

  it('C22 HTTP/1.0: answered without chunks, and closed', async () => {
    const pair = await startPair();
    pair.fake.replyJson(goodAnswer('ok'));
    const { client, response } = await say(
      pair,
      postText(chatPath, { message: 'x', stream: true }).replace('HTTP/1.1', 'HTTP/1.0'),
    );
    expect(response.status).toBe(200);
    expect(response.headers['transfer-encoding']).toBeUndefined();
    await within(client.closed, 'the end of the connection');
    expect(response.body).toMatch(/data: \[DONE\]\n\n$/);
  });

  it('C22 Connection: close', async () => {
    const pair = await startPair();
    pair.fake.replyJson(goodAnswer('ok'));
    const { client, response } = await say(pair, postText(chatPath, good, { connection: 'close' }));
    expect([response.status, response.ending]).toEqual([200, 'complete']);
    await within(client.closed, 'the end of the connection');
  });

  it('C5 a client that has closed its half gets its answer, or a clear end', async () => {
    const pair = await startPair();
    pair.fake.replyJson(goodAnswer('ok'));
    const client = await pair.connect({ allowHalfOpen: true });
    await client.send(postText(chatPath, good));
    client.end();
    await within(client.closed, 'the end of the connection');
  });
});
