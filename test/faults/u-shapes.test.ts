// Answers of Cohere's whose JSON is deeper, or of more pieces, than any model's answer. Catalogue U13, U20, U21, U33.
import { describe, expect, it } from 'vitest';
import { start as begin, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { expectAnswered, expectFailed, goodAnswer, meetFault } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { bytes, chunk, end, fin, head, json, type Step, sse } from '../support/upstream-script.ts';

const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const many = (count: number, write: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => write(at));
const list = (count: number, item: string) => `[${many(count, () => item).join(',')}]`;
const cited = (sources: string) => `{"start":0,"end":1,"text":"h","sources":[${sources}]}`;
const whole = (message: string, more = '') =>
  json(`{"message":${message}${more},"finish_reason":"COMPLETE"}`);
const said = '"content":[{"type":"text","text":"hi"}]';
const citing = (citation: string) =>
  `data: {"type":"citation-start","index":0,"delta":{"message":{"citations":${citation}}}}\n\n`;
const stream = (events: string): Step[] => sse(frames(begin, text('hi')) + events + frames(messageEnd()));
const block = (at: number) =>
  `data: {"type":"content-delta","index":${at},"delta":{"message":{"content":{"text":"a"}}}}\n\n`;
const call = (at: number) =>
  `data: {"type":"tool-call-start","index":${at},"delta":{"message":{"tool_calls":{"id":"c${at}","function":{"name":"f","arguments":"{}"}}}}}\n\n`;

describe('more than any answer holds', () => {
  it.each<[string, Step[]]>([
    ['U33 a citation 200 deep', whole(`{${said},"citations":[${cited(deep(200))}]}`)],
    ['U33 a citation 4,000 deep', whole(`{${said},"citations":[${cited(deep(4_000))}]}`)],
    ['U33 a citation 100,000 deep', whole(`{${said},"citations":[${cited(deep(100_000))}]}`)],
    ['U13 a deep usage', whole(`{${said}}`, `,"usage":${deep(10_000)}`)],
    ['U13 nothing but depth', json(deep(300_000))],
    [
      'U21 300,000 log probabilities',
      whole(`{${said}}`, `,"logprobs":${list(300_000, '{"text":"a","logprobs":[1]}')}`),
    ],
    ['U21 300,000 blocks', whole(`{"content":${list(300_000, '{"type":"text","text":"a"}')}}`)],
    ['U21 50,001 blocks', whole(`{"content":${list(50_001, '{"type":"text","text":"a"}')}}`)],
    [
      'U21 1,001 calls',
      whole(`{"tool_calls":${list(1_001, '{"id":"a","function":{"name":"f","arguments":"{}"}}')}}`),
    ],
    ['U21 50,001 citations', whole(`{${said},"citations":${list(50_001, cited(''))}}`)],
    [
      'U21 25,000 different keys',
      whole(`{${said}}`, `,"usage":{${many(25_000, at => `"k${at}":0`).join(',')}}`),
    ],
  ])('%s: 502, nothing is stored, and the session goes on', async (_name, steps) => {
    const { outcome } = await meetFault(await startPair(), [steps]);
    expectFailed(outcome, 'upstream_invalid_response', 502);
  });

  it.each<[string, Step[]]>([
    ['U33 a citation 4,000 deep', stream(citing(cited(deep(4_000))))],
    ['U33 a citation 80,000 deep', stream(citing(cited(deep(80_000))))],
    ['U13 an event of nothing but depth', stream(`data: ${deep(100_000)}\n\n`)],
    ['U21 an event of 300,000 values', stream(`data: {"type":"new","a":${list(300_000, '0')}}\n\n`)],
    ['U21 50,001 block indexes', stream(many(50_001, block).join(''))],
    ['U21 1,001 calls', stream(many(1_001, call).join(''))],
    ['U21 50,001 citations', stream(many(50_001, () => citing(cited(''))).join(''))],
    [
      'U21 citations of 300,000 values',
      stream(many(6, () => citing(cited(`{"a":${list(50_000, '0')}}`))).join('')),
    ],
  ])('%s in a stream: an error, nothing is stored, and the session goes on', async (_name, steps) => {
    const { outcome } = await meetFault(await startPair(), [steps], { stream: true });
    expectFailed(outcome, 'upstream_invalid_response');
  });
});

it.each([true, false])(
  'U33 what a request may hold may be cited: 60 deep, and 100,000 values (stream %s)',
  async isStreamed => {
    const sources = `{"type":"tool","id":"x","tool_output":{"a":${deep(60)},"b":${list(100_000, '0')}}}`;
    const steps = isStreamed
      ? stream(citing(cited(sources)))
      : whole(`{${said},"citations":[${cited(sources)}]}`);
    const pair = await startPair();
    const { outcome } = await meetFault(pair, [steps], { stream: isStreamed });
    expectAnswered(outcome, 'hi');
    expect(outcome.raw).toContain('tool_output');
  },
);

describe('a transfer encoding that was not asked for', () => {
  const body = JSON.stringify(goodAnswer('hi'));
  const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  it.each(['gzip, chunked', 'GZIP,chunked', 'deflate, chunked', 'chunked, chunked'])(
    'U20 %s: 502',
    async encoding => {
      const headLines = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: ${encoding}\r\n\r\n`;
      const { outcome } = await meetFault(await startPair(), [[bytes(headLines), fin(chunked)]]);
      expectFailed(outcome, 'upstream_invalid_response', 502);
    },
  );

  it('U20 chunked, however it is written, is one', async () => {
    const headLines =
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nTransfer-Encoding: Chunked\r\n\r\n';
    const { outcome } = await meetFault(await startPair(), [[bytes(headLines), fin(chunked)]]);
    expectAnswered(outcome, 'hi');
  });
});

describe('U13 what a text may begin with, or hold, is no failure', () => {
  it.each<[string, Uint8Array]>([
    ['a byte order mark', Buffer.from(`\ufeff${JSON.stringify(goodAnswer('hi'))}`)],
    ['bytes that are no Unicode', Buffer.from(JSON.stringify(goodAnswer('h\xffi')), 'latin1')],
  ])('%s', async (_name, body) => {
    const steps = [head(200, { 'content-type': 'application/json' }), chunk(body), end()];
    const { outcome } = await meetFault(await startPair(), [steps]);
    expectAnswered(outcome);
  });
});

it('U21 logprobs of 30,000 tokens in one answer', async () => {
  const more = `,"logprobs":${list(30_000, '{"text":"a","token_ids":[1],"logprobs":[-0.5]}')}`;
  const { outcome } = await meetFault(await startPair(), [whole(`{${said}}`, more)]);
  expectAnswered(outcome, 'hi');
});
