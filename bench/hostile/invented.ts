// What no schema tells: kinds of requests that were thought of, or seen.
export interface Invented {
  readonly name: string;
  readonly path?: string;
  readonly make: (bytes: number) => string;
}

const model = '"model":"command-a-03-2025"';

/** So many of them that the whole has about so many bytes. */
function fill(bytes: number, write: (at: number) => string, most = Number.POSITIVE_INFINITY): string {
  const parts: string[] = [];
  let length = 0;
  for (let at = 0; length < bytes && at < most; at += 1) {
    const part = write(at);
    parts.push(part);
    length += Buffer.byteLength(part) + 1;
  }
  return parts.join(',');
}

const chat = (messages: string, more = '') => `{${model},"messages":[${messages}]${more}}`;
const say = (content: string, role = 'user') => `{"role":"${role}","content":${content}}`;
const call = (id: string, text = '{}') =>
  `{"id":"${id}","type":"function","function":{"name":"look","arguments":${JSON.stringify(text)}}}`;
const result = (id: string, text: string) => `{"role":"tool","tool_call_id":"${id}","content":${text}}`;
const long = (unit: string, bytes: number) => JSON.stringify(unit.repeat(Math.ceil(bytes / unit.length)));
const tool = (name: string, parameters: string) =>
  `{"type":"function","function":{"name":"${name}","parameters":${parameters}}}`;
const base64 = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk';
const image = (bytes: number) =>
  `{"type":"image_url","image_url":{"url":"data:image/png;base64,${base64.repeat(Math.ceil(bytes / base64.length))}"}}`;
const most = 9_999;

export const invented: readonly Invented[] = [
  { name: 'arrays in arrays', make: bytes => `${'['.repeat(bytes / 2)}${']'.repeat(bytes / 2)}` },
  { name: 'a body of arrays', make: bytes => `[${'[],'.repeat(bytes / 3)}[]]` },
  { name: 'white space', make: bytes => `${' '.repeat(bytes)}{}` },
  { name: 'no JSON', make: bytes => '"'.repeat(bytes) },
  { name: 'backslashes', make: bytes => `{"a":"${'\\'.repeat(bytes)}"}` },
  { name: 'many messages', make: bytes => chat(fill(bytes, at => say(`"message ${at}"`), most)) },
  {
    name: 'many answers',
    make: bytes => chat(fill(bytes, at => `${say(`"q${at}"`)},${say(`"a${at}"`, 'assistant')}`, most / 2)),
  },
  {
    name: 'many answers of a page each',
    make: bytes =>
      chat(
        `${fill(bytes, at => `${say(long(`question ${at} `, 3_300))},${say(long(`answer ${at} `, 3_300), 'assistant')}`, most / 2 - 2)},${say('"q"')}`,
      ),
  },
  {
    name: 'long call ids',
    make: bytes =>
      chat(
        `${say('"q"')},${fill(
          bytes,
          at => {
            const id = 'x'.repeat(2_900) + at;
            return `{"role":"assistant","tool_calls":[${call(id)}]},${result(id, '"r"')}`;
          },
          most / 2 - 2,
        )}`,
      ),
  },
  {
    name: 'many system messages',
    make: bytes => chat(`${fill(bytes, at => say(`"s${at}"`, 'system'), most)},${say('"q"')}`),
  },
  {
    name: 'few long messages',
    make: bytes => chat(fill(bytes, () => say(long('Some words of a long text. ', bytes / 5)))),
  },
  { name: 'long messages of Han', make: bytes => chat(fill(bytes, () => say(long('漢字', bytes / 9)))) },
  { name: 'long messages of quotes', make: bytes => chat(fill(bytes, () => say(long('"', bytes / 7)))) },
  {
    name: 'long system text',
    make: bytes => chat(`${say(long('Be good. ', bytes), 'system')},${say('"q"')}`),
  },
  {
    name: 'many parts',
    make: bytes => chat(say(`[${fill(bytes, at => `{"type":"text","text":"p${at}"}`, 40_000)}]`)),
  },
  {
    name: 'empty parts',
    make: bytes => chat(say(`[${fill(bytes, () => '{"type":"text","text":""}', 40_000)}]`)),
  },
  {
    name: 'wrong parts',
    make: bytes => chat(say(`[${fill(bytes, () => '{"type":"text","text":0}', 40_000)}]`)),
  },
  { name: 'one image', make: bytes => chat(say(`[${image(bytes)}]`), `,"stream":true`) },
  {
    name: 'one image of a model with eyes',
    make: bytes => chat(say(`[${image(bytes)}]`)).replace('command-a-03-2025', 'command-a-vision-07-2025'),
  },
  { name: 'three images', make: bytes => chat(fill(bytes, () => say(`[${image(bytes / 3)}]`))) },
  { name: 'small images', make: bytes => chat(say(`[${fill(bytes, () => image(64), 40_000)}]`)) },
  {
    name: 'equal call ids in one message',
    make: bytes =>
      chat(`${say('"q"')},{"role":"assistant","tool_calls":[${fill(bytes, () => call('x'), 20_000)}]}`),
  },
  {
    name: 'empty call ids',
    make: bytes =>
      chat(`${say('"q"')},{"role":"assistant","tool_calls":[${fill(bytes, () => call(''), 20_000)}]}`),
  },
  {
    name: 'calls and their results',
    make: bytes => {
      const count = Math.min(9_900, Math.floor(bytes / 160));
      const ids = Array.from({ length: count }, (_, at) => `call_${at}`);
      const calls = `{"role":"assistant","tool_calls":[${ids.map(id => call(id)).join(',')}]}`;
      return chat(`${say('"q"')},${calls},${ids.map(id => result(id, '"done"')).join(',')}`);
    },
  },
  {
    name: 'the same in the other order',
    make: bytes => {
      const count = Math.min(9_900, Math.floor(bytes / 160));
      const ids = Array.from({ length: count }, (_, at) => `call_${at}`);
      const calls = `{"role":"assistant","tool_calls":[${ids.map(id => call(id)).join(',')}]}`;
      return chat(
        `${say('"q"')},${calls},${ids
          .toReversed()
          .map(id => result(id, '"done"'))
          .join(',')}`,
      );
    },
  },
  {
    name: 'equal ids in every step',
    make: bytes =>
      chat(
        `${say('"q"')},${fill(bytes, () => `{"role":"assistant","tool_calls":[${call('x')}]},${result('x', '"r"')}`, most / 2 - 2)}`,
      ),
  },
  {
    name: 'results without calls',
    make: bytes => chat(`${fill(bytes, at => result(`x${at}`, '"r"'), most)},${say('"q"')}`),
  },
  {
    name: 'a long argument',
    make: bytes =>
      chat(
        `${say('"q"')},{"role":"assistant","tool_calls":[${call('x', `{"a":"${'b'.repeat(bytes)}"}`)}]},${result('x', '"r"')}`,
      ),
  },
  {
    name: 'arguments of many values',
    make: bytes =>
      chat(
        `${say('"q"')},{"role":"assistant","tool_calls":[${call('x', `{"a":[${'0,'.repeat(bytes / 2)}0]}`)}]},${result('x', '"r"')}`,
      ),
  },
  {
    name: 'arguments of small arrays',
    make: bytes =>
      chat(
        `${say('"q"')},{"role":"assistant","tool_calls":[${fill(bytes, at => call(`x${at}`, `{"a":[${'[],'.repeat(2_300_000)}0]}`))}]}`,
      ),
  },
  {
    name: 'arguments of many keys',
    make: bytes => {
      const keys = fill(Math.min(bytes, 7_000_000), at => `"k${at}":0`);
      return chat(`${say('"q"')},{"role":"assistant","tool_calls":[${call('x', `{${keys}}`)}]}`);
    },
  },
  {
    name: 'many calls of as many values as are parsed',
    make: () =>
      chat(
        `${say('"q"')},{"role":"assistant","tool_calls":[${Array.from({ length: 14 }, (_, at) => call(`x${at}`, `{${fill(1_000_000, key => `"${at}k${key}":1e400`, 1_900)},"a":[${'[],'.repeat(3_900)}0]}`)).join(',')}]}`,
      ),
  },
  {
    name: 'arguments that break off',
    make: bytes =>
      chat(
        `${say('"q"')},{"role":"assistant","tool_calls":[${call('x', `{"a":"${'\\"'.repeat(Math.min(bytes / 4, 4_000_000))}`)}]}`,
      ),
  },
  {
    name: 'deep arguments',
    make: bytes => {
      const depth = Math.floor(bytes / 2);
      const text = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      return chat(
        `${say('"q"')},{"role":"assistant","tool_calls":[${call('x', text)}]},${result('x', '"r"')}`,
      );
    },
  },
  {
    name: 'a long result',
    make: bytes =>
      chat(
        `${say('"q"')},{"role":"assistant","tool_calls":[${call('x')}]},${result('x', long('line of a log\n', bytes))}`,
      ),
  },
  {
    name: 'long reasoning',
    make: bytes =>
      chat(
        `${say('"q"')},{"role":"assistant","content":"a","reasoning_content":${long('Well, ', bytes)}},${say('"q"')}`,
      ),
  },
  {
    name: 'think tags in an answer',
    make: bytes => chat(`${say('"q"')},${say(long('<think></think>', bytes), 'assistant')},${say('"q"')}`),
  },
  {
    name: 'interruptions in an answer',
    make: bytes =>
      chat(`${say('"q"')},${say(long('[Response interrupted]', bytes), 'assistant')},${say('"q"')}`),
  },
  {
    name: 'environment details',
    make: bytes => chat(say(long('<environment_details> </environment_details> ', bytes))),
  },
  {
    name: 'small documents',
    make: bytes => chat(say('"q"'), `,"documents":[${fill(bytes, at => `{"a":"${at}"}`)}]`),
  },
  {
    name: 'documents of one letter',
    make: bytes => chat(say('"q"'), `,"documents":[${fill(bytes, () => '"a"')}]`),
  },
  { name: 'one long document', make: bytes => chat(say('"q"'), `,"documents":[${long('word ', bytes)}]`) },
  {
    name: 'many tools',
    make: bytes => chat(say('"q"'), `,"tools":[${fill(bytes, at => tool(`t${at}`, '{}'))}]`),
  },
  {
    name: 'tools that share a name but for signs',
    make: bytes =>
      chat(
        say('"q"'),
        `,"tools":[${fill(bytes, at => tool(`t${'-.'.repeat(at % 8)}${'_'.repeat(at % 31)}`, '{}'), 512)}]`,
      ),
  },
  {
    name: 'a tool of many properties',
    make: bytes =>
      chat(
        say('"q"'),
        `,"tools":[${tool('look', `{"type":"object","properties":{${fill(bytes, at => `"p${at}":{"type":"string"}`, 70_000)}}}`)}]`,
      ),
  },
  {
    name: 'a strict tool of many properties',
    make: bytes =>
      chat(
        say('"q"'),
        `,"tools":[${tool('look', `{"type":"object","properties":{${fill(bytes, at => `"p${at}":{"type":"string"}`, 70_000)}}}`).replace('"parameters"', '"strict":true,"parameters"')}]`,
      ),
  },
  {
    name: 'a schema of many properties',
    make: bytes =>
      chat(
        say('"q"'),
        `,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object","properties":{${fill(bytes, at => `"p${at}":{"type":"string"}`, 70_000)}}}}}`,
      ),
  },
  { name: 'stop sequences', make: bytes => chat(say('"q"'), `,"stop":[${fill(bytes, at => `"s${at}"`)}]`) },
  {
    name: 'metadata',
    make: bytes => chat(say('"q"'), `,"metadata":{${fill(bytes, at => `"k${at}":"v"`, 140_000)}}`),
  },
  {
    name: 'unknown keys',
    make: bytes => `{${fill(bytes, at => `"k${at}":0`)},${model},"messages":[${say('"q"')}]}`,
  },
  { name: 'import of line breaks', path: '/v1/session-imports', make: bytes => '\n'.repeat(bytes) },
  { name: 'import of blanks', path: '/v1/session-imports', make: bytes => ' '.repeat(bytes) },
  { name: 'import of empty objects', path: '/v1/session-imports', make: bytes => '{}\n'.repeat(bytes / 3) },
  {
    name: 'import of small sessions',
    path: '/v1/session-imports',
    make: bytes => '{"messages":[{"role":"user","content":"a"}]}\n'.repeat(Math.min(bytes / 45, 30_000)),
  },
  {
    name: 'import of a chain of branches',
    path: '/v1/session-imports',
    make: bytes =>
      Array.from({ length: Math.min(2_000, Math.floor(bytes / 200)) }, (_, at) =>
        JSON.stringify({
          object: 'session.export',
          format: 1,
          id: `chain_${at}`,
          parent_id: `chain_${at + 1}`,
          model: 'command-a-03-2025',
          dialect: 'session',
          tools: [],
          messages: [{ role: 'user', content: 'a' }],
        }),
      ).join('\n'),
  },
  {
    name: 'import of one long session',
    path: '/v1/session-imports',
    make: bytes => `{"messages":[${fill(bytes, at => say(`"message ${at}"`), 20_000)}]}`,
  },
];
