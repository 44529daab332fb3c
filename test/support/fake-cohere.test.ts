// The fake upstream and the rude client against each other: what other suites conclude rests on them.
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeCohere } from './fake-cohere.ts';
import { Gate } from './gate.ts';
import { modelList } from './model-list.ts';
import { postText, RawClient } from './raw-client.ts';
import { parseFrames } from './read-sse.ts';
import { splitBytes } from './split-bytes.ts';
import { bytes, chunk, end, fin, gate, hang, head, rst } from './upstream-script.ts';

let fake: FakeCohere;

beforeEach(async () => {
  fake = await FakeCohere.start();
});

afterEach(async () => {
  await fake.close();
});

const chat = postText('/v2/chat', { model: 'm', messages: [] });

describe('the fake upstream', () => {
  it('records requests, and which connection they came over', async () => {
    fake.replyJson({ id: '1' });
    fake.replyError(429, { message: 'slower' }, { 'retry-after': '7' });
    const client = await RawClient.connect(fake.url);
    await client.sendBytewise(chat);
    expect(await client.readResponse()).toMatchObject({
      status: 200,
      body: '{"id":"1"}',
      ending: 'complete',
    });
    await client.send(chat);
    expect(await client.readResponse()).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });

    const request = await fake.nextChatRequest();
    expect(request).toMatchObject({ method: 'POST', path: '/v2/chat', json: { model: 'm' }, connection: 1 });
    expect(await request.outcome).toBe('answered');
    expect((await fake.nextChatRequest()).connection).toBe(1);
    client.end();
    expect(await client.closed).toBe('end');
    await request.closed;
    expect(fake.openConnections).toBe(0);
  });

  it('reads a body in chunks', async () => {
    fake.replyJson({});
    const client = await RawClient.connect(fake.url);
    await client.sendBytewise(
      'POST /v2/chat HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
    );
    await client.readResponse();
    expect((await fake.nextChatRequest()).json).toEqual({ a: 1 });
    client.destroy();
  });

  it('answers the list of models by itself, and keeps those requests apart', async () => {
    const response = await fetch(`${fake.url}/v1/models?page_size=1000`);
    expect(await response.json()).toEqual(modelList);
    expect(fake.modelRequests).toHaveLength(1);
    expect(fake.chatRequests).toHaveLength(0);
  });

  it('sends each byte as a segment of its own', async () => {
    const text = 'data: {"a":"ü🦩"}\n\ndata: [DONE]\n\n';
    fake.replySse(text, { splitAt: 'every-byte' });
    const socket = connect(Number(new URL(fake.url).port), '127.0.0.1');
    const segments: Buffer[] = [];
    socket.on('data', data => segments.push(data));
    socket.write(chat);
    const request = await fake.nextChatRequest();
    await request.outcome;
    socket.end();
    await request.closed;
    // The head and the last chunk are two more.
    expect(segments).toHaveLength(Buffer.byteLength(text) + 2);
  });

  it('waits at a gate, and knows when the other side goes away meanwhile', async () => {
    const place = new Gate();
    fake.script(head(), chunk('data: 1\n\n'), gate(place), chunk('data: 2\n\n'), end());
    const client = await RawClient.connect(fake.url);
    await client.send(chat);
    await place.reached;
    await client.waitFor('data: 1');
    expect(client.received).not.toContain('data: 2');
    place.open();
    const { body } = await client.readResponse();
    expect(parseFrames(body)).toEqual({ frames: [1, 2], isDone: false });

    fake.script(head(), gate(new Gate()), end());
    await client.send(chat);
    await fake.nextChatRequest();
    const abandoned = await fake.nextChatRequest();
    client.reset();
    expect(await abandoned.outcome).toBe('aborted');
    await abandoned.closed;
  });

  it.each([
    ['FIN', fin(), 'end'],
    ['RST', rst(), 'reset'],
  ] as const)('cuts an answer by %s', async (_name, cut, how) => {
    fake.script(head(), chunk('data: 1\n\n'), cut);
    const client = await RawClient.connect(fake.url);
    await client.send(chat);
    expect(await client.readResponse()).toMatchObject({ body: 'data: 1\n\n', ending: 'cut' });
    expect(await client.closed).toBe(how);
  });

  it('sends a body whose end only the connection tells, and one whose length lies', async () => {
    fake.script(head(200, {}, 'close'), chunk('abc'), end());
    fake.script(head(200, {}, 10), chunk('abc'), fin());
    for (const ending of ['complete', 'cut']) {
      const client = await RawClient.connect(fake.url);
      await client.send(chat);
      expect(await client.readResponse()).toMatchObject({ body: 'abc', ending });
    }
  });

  it('says things that are no HTTP, or nothing at all', async () => {
    fake.script(bytes('SSH-2.0-surprise\r\n\r\n'), hang());
    const client = await RawClient.connect(fake.url);
    await client.send(chat);
    await client.waitFor('surprise');
    client.destroy();
    expect(await (await fake.nextChatRequest()).outcome).toBe('aborted');
  });
});

describe('splitBytes', () => {
  it('cuts between the positions, and ignores those outside', () => {
    const pieces = splitBytes(Buffer.from('abcdef'), [4, 0, 2, 6, 99]);
    expect(pieces.map(piece => Buffer.from(piece).toString())).toEqual(['ab', 'cd', 'ef']);
  });
});
