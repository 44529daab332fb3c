// The connection to Cohere: not there, not answering, cut. Catalogue U1–U7, U20, U26, U29.
import { spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import dns from 'node:dns';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  start as begin,
  callDelta,
  callStart,
  frames,
  jsonHead,
  text,
  thinking,
} from '../support/cohere-stream.ts';
import { fixture } from '../support/fixtures.ts';
import { ask, expectAnswered, expectFailed, goodAnswer, meetFault } from '../support/outcome.ts';
import { startPair, within } from '../support/start.ts';
import { bytes, chunk, end, fin, head, json, rst, type Step, sse } from '../support/upstream-script.ts';

// The pause before a repeat is a random one: none here.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

const both = [
  ['streamed', true],
  ['whole', false],
] as const;

describe.each(both)('%s', (_form, stream) => {
  it('U1 connection refused: two tries, then 502', async () => {
    const port = await closedPort();
    const calls = countCalls(port);
    const pair = await startPair({ cohereBaseUrl: `http://127.0.0.1:${port}` });
    expectFailed(await ask(pair, { message: 'hi', stream }), 'upstream_unreachable', 502);
    expect(calls.count).toBe(2);
  });

  it('U2 the name of the upstream is not known', async () => {
    const pair = await startPair({ cohereBaseUrl: 'https://cohere.invalid' });
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
      name: string,
      _options: object,
      callback: (error: Error | null, address?: string, family?: number) => void,
    ) => {
      // The tests' own client asks for the proxy's address, which is none to look up.
      if (name === '127.0.0.1') process.nextTick(callback, null, name, 4);
      else process.nextTick(callback, Object.assign(new Error(`ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
    }) as typeof dns.lookup);
    try {
      expectFailed(await ask(pair, { message: 'hi', stream }), 'upstream_unreachable', 502);
      expect(lookup.mock.calls.some(([name]) => name === 'cohere.invalid')).toBe(true);
    } finally {
      lookup.mockRestore();
    }
  });

  it.each([
    ['FIN', fin()],
    ['RST', rst()],
  ])('U3 accepted, then %s before the headers: one repeat', async (_how, cut) => {
    const pair = await startPair();
    const failed = await meetFault(pair, [[cut], [cut]], { stream });
    expectFailed(failed.outcome, 'upstream_unreachable', 502);
    expect(failed.attempts).toBe(2);
    const repeated = await meetFault(pair, [[cut], goodScript(stream)], { stream });
    expectAnswered(repeated.outcome);
    expect(repeated.attempts).toBe(2);
  });

  it.each<[string, Step[]]>([
    ['no HTTP at all', [bytes('SSH-2.0-surprise\r\n\r\n'), fin()]],
    ['a status line of words', [bytes('HTTP/1.1 yes fine\r\n\r\n'), fin()]],
    ['headers of 20 KiB', [head(200, { ...jsonHead, 'x-long': 'x'.repeat(20 * 1024) }), fin()]],
    ['a chunk size that is no number', [head(200, jsonHead), bytes('zz\r\n'), fin()]],
  ])('U4 %s: 502 upstream_invalid_response, no repeat', async (_name, steps) => {
    const { outcome, attempts } = await meetFault(await startPair(), [steps], { stream });
    expectFailed(outcome, 'upstream_invalid_response', 502);
    expect(attempts).toBe(1);
  });

  // For undici it is a connection that ended before the headers: as U3 (design §5, "Retries").
  it('U4 FIN in the middle of the headers: one repeat, then 502', async () => {
    const cut = [bytes('HTTP/1.1 200 OK\r\ncontent-ty'), fin()];
    const { outcome } = await meetFault(await startPair(), [cut, cut], { stream });
    expectFailed(outcome, 'upstream_unreachable', 502);
  });

  it.each(['gzip', 'br', 'deflate, '.repeat(1_000).slice(0, -2)])(
    'U20 an encoding that was not asked for: %$',
    async encoding => {
      const steps = [head(200, { ...jsonHead, 'content-encoding': encoding }), chunk('\x1f\x8b'), end()];
      const pair = await startPair();
      const { outcome } = await meetFault(pair, [steps], { stream });
      expectFailed(outcome, 'upstream_invalid_response', 502);
      expect(pair.fake.chatRequests.at(-1)?.headers['accept-encoding']).toBe('identity');
    },
  );

  it.each<[string, Step[]]>([
    ['103 before the answer', [bytes('HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n')]],
    ['several 1xx', [bytes('HTTP/1.1 103 A\r\n\r\nHTTP/1.1 103 B\r\n\r\n')]],
    ['100 although nobody asked', [bytes('HTTP/1.1 100 Continue\r\n\r\n')]],
    ['a 100 byte by byte', [bytes('HTTP/1.0 100 Go on\r\na: b\r\n\r\n', { splitAt: 'every-byte' })]],
    [
      '100, 102, 103 and 100',
      [100, 102, 103, 100].map(status => bytes(`HTTP/1.1 ${status} Soon\r\nlink: <x>\r\n\r\n`)),
    ],
  ])('[XF9] U26 %s passes unseen', async (_name, before) => {
    const { outcome, attempts } = await meetFault(await startPair(), [[...before, ...goodScript(stream)]], {
      stream,
    });
    expectAnswered(outcome, stream ? undefined : 'good');
    expect(attempts).toBe(1);
  });
});

it('U26 trailers pass unseen', async () => {
  const body = Buffer.from(fixture('plain.sse'));
  const steps = [
    bytes('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'),
    bytes(`${body.length.toString(16)}\r\n`),
    bytes(body),
    bytes('\r\n0\r\nx-checksum: 1\r\n\r\n'),
  ];
  expectAnswered((await meetFault(await startPair(), [steps], { stream: true })).outcome);
});

it.each([
  ['FIN', fin()],
  ['RST', rst()],
])(
  'U26 keep-alive closed by %s just as we reuse it: repeated once on a fresh connection',
  async (_how, cut) => {
    const pair = await startPair({ limits: { upstreamConnections: 1 } });
    // The model list comes over the same single connection; it must not be under way.
    await (await pair.send('GET', '/v1/models')).text();
    const { outcome, attempts } = await meetFault(pair, [[cut], json(goodAnswer('good'))]);
    expectAnswered(outcome, 'good');
    expect(attempts).toBe(2);
    const [first, cutOne, fresh] = pair.fake.chatRequests.map(({ connection }) => connection);
    expect(cutOne).toBe(first);
    expect(fresh).not.toBe(cutOne);
  },
);

it('U29 an unsolicited second response is never the answer to another request', async () => {
  const foreign = JSON.stringify(goodAnswer('FOREIGN'));
  const unsolicited = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${foreign.length}\r\n\r\n${foreign}`;
  const pair = await startPair({ passthrough: true, limits: { upstreamConnections: 1 } });
  const asOwner = (name: string) => ({ authorization: `Bearer key-of-${name}` });
  for (const name of ['ada', 'grace', 'ada', 'grace']) {
    pair.fake.script(...json(goodAnswer(`for ${name}`)), bytes(unsolicited));
    expectAnswered(await ask(pair, { message: 'hi' }, asOwner(name)), `for ${name}`);
  }
});

const opened = frames(begin, text('a'), text('b'), text('c'), text('d'), text('e'));
const cutAfter: readonly (readonly [string, string, boolean])[] = [
  ['0 deltas', frames(begin), false],
  ['1 delta', frames(begin, text('a')), true],
  ['5 deltas', opened, true],
  ['the middle of an event', opened + frames(text('f')).slice(0, 40), true],
  ['an open thinking block', frames(begin, thinking('hm')), true],
  ['an open tool call', frames(begin, callStart(0, 'c1'), callDelta(0, '{"a":')), true],
];

describe.each(cutAfter)('[U5] [U6] [U7] [I6] a stream cut after %s', (_where, sent, isOpened) => {
  it.each<[string, Step[]]>([
    ['U5 by RST', [head(), chunk(sent), rst()]],
    ['U6 by FIN, chunked', [head(), chunk(sent), fin()]],
    ['U6 by FIN, with a Content-Length', [head(200, sseHead, 9_999), chunk(sent), fin()]],
    ['U6 by FIN, connection: close', [head(200, sseHead, 'close'), chunk(sent), fin()]],
    ['U7 by a clean end without message-end', [head(), chunk(sent), end()]],
  ])('%s: upstream_interrupted, broken end, nothing stored', async (_how, steps) => {
    const { outcome, attempts } = await meetFault(await startPair(), [steps], { stream: true });
    expectFailed(outcome, 'upstream_interrupted', isOpened ? 200 : 504);
    expect(attempts).toBe(1);
  });
});

const half = JSON.stringify(goodAnswer('half')).slice(0, 60);
it.each<[string, Step[]]>([
  ['RST', [head(200, jsonHead), chunk(half), rst()]],
  ['FIN, chunked', [head(200, jsonHead), chunk(half), fin()]],
  ['FIN, with a Content-Length', [head(200, jsonHead, 999), chunk(half), fin()]],
  ['FIN, connection: close', [head(200, jsonHead, 'close'), chunk(half), fin()]],
])('U6 a whole answer cut by %s: a failure, nothing stored', async (_how, steps) => {
  const { outcome } = await meetFault(await startPair(), [steps]);
  expect(outcome.status).toBeGreaterThanOrEqual(502);
  // Only without a length or chunks does the cut look like bad JSON.
  expect(['upstream_interrupted', 'upstream_invalid_response']).toContain(outcome.error?.code);
});

const sseHead = { 'content-type': 'text/event-stream' };

function goodScript(stream: boolean): Step[] {
  return stream ? sse(fixture('plain.sse')) : json(goodAnswer('good'));
}

/** A port of loopback on which nobody listens. */
// The kernel completes handshakes until the backlog of a listener that never accepts is full; then connecting hangs.
it('U2 connecting hangs: 504 upstream_timeout after the connect timeout', async () => {
  const script =
    "require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},function(){console.log(this.address().port)})";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const fillers: Socket[] = [];
  onTestFinished(() => {
    child.kill('SIGKILL');
    for (const filler of fillers) filler.destroy();
  });
  const [line] = await once(child.stdout, 'data');
  const port = Number(line);
  child.kill('SIGSTOP');
  for (let n = 0; n < 8; n += 1) {
    const filler = connect(port, '127.0.0.1');
    filler.on('error', () => {});
    fillers.push(filler);
  }
  await once(fillers[0] ?? child, 'connect');
  const pair = await startPair({
    cohereBaseUrl: `http://127.0.0.1:${port}`,
    limits: { connectTimeoutMs: 200 },
  });
  expectFailed(await within(ask(pair, { message: 'hi' }), 'the answer'), 'upstream_timeout', 504);
});

/** Counts the chat calls that are made of an upstream that nobody is. */
function countCalls(port: number): { count: number } {
  const calls = { count: 0 };
  const note = (message: unknown) => {
    const { origin, path } = (message as { request: { origin: unknown; path: string } }).request;
    if (`${origin}`.endsWith(`:${port}`) && path === '/v2/chat') calls.count += 1;
  };
  subscribe('undici:request:create', note);
  onTestFinished(() => void unsubscribe('undici:request:create', note));
  return calls;
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  await new Promise<void>(resolve => server.close(() => resolve()));
  return port;
}
