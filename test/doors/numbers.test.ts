// Numbers that a double cannot hold, or writes otherwise: digit for digit through every layer.
import { describe, expect, test } from 'vitest';
import { everyWay, storeOf } from '../support/both-stores.ts';
import { callEnd, frames, messageEnd, start, text } from '../support/cohere-stream.ts';
import { readOutcome } from '../support/outcome.ts';
import { startPair } from '../support/start.ts';
import { chunk, end, head } from '../support/upstream-script.ts';

const odd = [
  '9007199254740993',
  '-12345678901234567890',
  '1.10',
  '-0',
  '-0.0',
  '1e400',
  '1E5',
  '0.1234567890123456789',
  '1.0',
  '0.00000001',
];
const list = `[${odd.join(',')}, 5, 0.5, "9007199254740993, 1.0 ]", null]`;
const model = 'command-a-03-2025';
const done = () => [
  head(200, { 'content-type': 'application/json' }),
  chunk(
    '{"id":"r","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"ok"}]},"usage":{"tokens":{"input_tokens":5.0,"output_tokens":1.0}}}',
  ),
  end(),
];
const tools = `[{"type":"function","function":{"name":"look","parameters":{"type":"object","properties":{"at":{"type":"integer","enum":${list}, "default" : 1.10 }}}}}]`;

describe.each(everyWay)('%s, %s', (store, way) => {
  const stream = way === 'streamed';
  const begin = async () => {
    const pair = await startPair({ sessionStore: storeOf(store) });
    const send = (fields: string, padding = '') =>
      pair.send('POST', '/v1/chat/completions', {
        headers: { 'content-type': 'application/json' },
        body: `{"model":"${model}","stream":${stream},"temperature":1.0,"top_p":0.50,"seed":5.0,${fields}${padding}}`,
      });
    return { ...pair, send, heard: () => pair.fake.chatRequests.at(-1)?.body.toString() ?? '' };
  };
  /** A body that is read in pauses. */
  const large = `,"metadata":{"x":"${'x'.repeat(300_000)}"}`;

  test.each(['', large])(
    '[XC5] documents, schemas of tools and of answers: to Cohere as they came (%#)',
    async padding => {
      const { fake, send, heard } = await begin();
      fake.setDefault(done);
      expect(
        (
          await readOutcome(
            await send(`"message":"x","documents":[{"data":{"a":${list}}}],"tools":${tools}`, padding),
          )
        ).status,
      ).toBe(200);
      const flat = list.replaceAll(', 5, 0.5, "9', ',5,0.5,"9').replace(', null', ',null');
      expect(heard()).toContain(`"data":{"a":${flat}}`);
      expect(heard()).toContain(`"enum":${flat},"default":1.10`);
      expect(heard()).toContain('"temperature":1,');
      expect(heard()).toContain('"seed":5,');
      const schema = `{"type":"object","properties":{"a":{"enum":${list}}},"required":["a"]}`;
      await send(
        `"message":"x","response_format":{"type":"json_schema","json_schema":{"name":"n","schema":${schema}}}`,
        padding,
      );
      expect(heard()).toContain(`"enum":${flat}`);
    },
  );

  test('[XC5] arguments and documents of a transcript; it goes on as itself, and another number is another one', async () => {
    const { fake, send, heard } = await begin();
    fake.setDefault(done);
    const said = (number: string) =>
      `{"role":"user","content":"x"},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":{"at":${number}}}}]},` +
      `{"role":"tool","tool_call_id":"c1","content":[{"type":"document","document":{"data":{"n":${number}}}}]}`;
    const number = '9007199254740993';
    const first = await send(`"messages":[${said(number)}],"tools":${tools}`);
    expect(heard()).toContain(`"arguments":"{\\"at\\":${number}}"`);
    expect(heard()).toContain(`"data":{"n":${number}}`);
    await first.text();
    const more = ',{"role":"assistant","content":"ok"},{"role":"user","content":"y"}';
    const second = await send(`"messages":[${said(number)}${more}],"tools":${tools}`);
    expect(second.headers.get('x-session-state')).toBe('continued');
    expect(second.headers.get('x-session-id')).toBe(first.headers.get('x-session-id'));
    expect(heard()).toContain(`"data":{"n":${number}}`);
    const other = await send(`"messages":[${said('9007199254740992')}${more}],"tools":${tools}`);
    expect(other.headers.get('x-session-id')).not.toBe(first.headers.get('x-session-id'));
    expect(heard()).toContain('"data":{"n":9007199254740992}');
  });

  test('[XC5] sources of citations, and arguments that Cohere gives as an object', async () => {
    const { fake, send, heard } = await begin();
    const source = `{"type":"document","id":"d","document":{"n":9007199254740993,"price":1.10}}`;
    const citation = `{"start":0,"end":1,"text":"o","sources":[${source}],"type":"TEXT_CONTENT"}`;
    const cited = stream
      ? [
          head(),
          chunk(
            frames(
              start,
              text('ok'),
              `{"type":"citation-start","index":0,"delta":{"message":{"citations":${citation}}}}`,
              messageEnd(),
            ),
          ),
          end(),
        ]
      : [
          head(200, { 'content-type': 'application/json' }),
          chunk(
            `{"id":"r","finish_reason":"COMPLETE","message":{"role":"assistant","content":[{"type":"text","text":"ok"}],"citations":[${citation}]}}`,
          ),
          end(),
        ];
    fake.script(...cited);
    const answer = await readOutcome(await send('"sessionId":"s","message":"x"'));
    expect(answer.raw).toContain('"n":9007199254740993,"price":1.10');
    fake.setDefault(done);
    await (await send('"sessionId":"s","message":"y"')).text();
    expect(heard()).toContain('"n":9007199254740993,"price":1.10');

    const args = '{"at":9007199254740993,"b":-0}';
    const call = `{"id":"c","type":"function","function":{"name":"look","arguments":${args}}}`;
    fake.script(
      ...(stream
        ? [
            head(),
            chunk(
              frames(
                start,
                `{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":${call}}}}`,
                callEnd(0),
                messageEnd('TOOL_CALL'),
              ),
            ),
            end(),
          ]
        : [
            head(200, { 'content-type': 'application/json' }),
            chunk(
              `{"id":"r","finish_reason":"TOOL_CALL","message":{"role":"assistant","tool_calls":[${call}]}}`,
            ),
            end(),
          ]),
    );
    const called = await readOutcome(await send(`"message":"x","tools":${tools}`));
    expect(called.toolCalls[0]?.arguments).toBe(args);
  });
});

test('[XC5] through an export and an import', async () => {
  const pair = await startPair({ sessionStore: storeOf('SQLite') });
  pair.fake.setDefault(done);
  const body = `{"model":"${model}","sessionId":"s","messages":[{"role":"user","content":"x"}],"tools":${tools}}`;
  const headers = { 'content-type': 'application/json' };
  await (await pair.send('POST', '/v1/chat/completions', { headers, body })).text();
  const exported = await (await pair.send('GET', '/v1/session-exports')).text();
  expect(exported).toContain('9007199254740993');
  const other = await startPair({ sessionStore: storeOf('SQLite') });
  const imported = await other.send('POST', '/v1/session-imports', {
    headers: { 'content-type': 'application/x-ndjson' },
    body: exported,
  });
  expect(imported.status).toBe(200);
  await imported.text();
  expect(await (await other.send('GET', '/v1/session-exports')).text()).toContain(
    '9007199254740993,-12345678901234567890,1.10,-0,-0.0,1e400',
  );
});

test.each([
  '{1.10:2}',
  '{"a":01.0}',
  '{"a":1.}',
  '{"a":.5e400}',
  '{"a":1.10 "b":1}',
  '[1.10 : 2]',
  '{ 1.10 : 2 }',
  '{"a" 1.10}',
])('[XC5] what is no JSON stays none: %s', async bad => {
  const pair = await startPair();
  const body = `{"message":"x","documents":[${bad}]}`;
  const response = await pair.send('POST', '/v1/chat/completions', {
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('is no valid JSON');
});
