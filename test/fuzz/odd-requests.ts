// What a client might send, by chance: on every route, well formed, nearly so, or garbled.
import { below, chance, garble, pick, type Random, spoil } from './garble.ts';

export interface OddRequest {
  readonly bytes: Buffer;
  readonly method: string;
  /** It is HTTP: whoever waits for an answer must get one. */
  readonly isHttp: boolean;
}

const models = [
  'command-a-03-2025',
  'command-a-reasoning-08-2025',
  'command-r-08-2024',
  'command-a-vision-07-2025',
  'odd',
];
const call = (id: string, args = '{"city":"Oslo"}') => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: args },
});
const tools = [
  {
    type: 'function',
    function: {
      name: 'look',
      description: 'Looks.',
      strict: true,
      parameters: {
        type: 'object',
        properties: { city: { type: 'string', minLength: 2 } },
        required: ['city'],
      },
    },
  },
];
const image = {
  type: 'image_url',
  image_url: {
    url: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  },
};

const transcripts: readonly (readonly unknown[])[] = [
  [{ role: 'user', content: 'Hello' }],
  [
    { role: 'system', content: 'Today is Tue Dec 1 2026 10:00.' },
    { role: 'user', content: [{ type: 'text', text: 'Look' }, image] },
  ],
  [
    { role: 'user', content: 'The weather?' },
    { role: 'assistant', content: null, tool_calls: [call('call_0'), call('call_1', '{"city":"Rome"}')] },
    { role: 'tool', tool_call_id: 'call_0', content: 'sun' },
    { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'rain' }] },
    { role: 'user', content: 'And now?' },
  ],
  [
    { role: 'user', content: 'Hello' },
    { role: 'assistant', content: 'Hello, how can I help?', reasoning_content: 'They greet.' },
    { role: 'user', content: '<environment_details>\nnow\n</environment_details>' },
  ],
  [
    { role: 'user', content: 'Legacy' },
    { role: 'assistant', content: '', function_call: { name: 'look', arguments: '{}' } },
    { role: 'function', name: 'look', content: 'seen' },
  ],
];

const settings: Readonly<Record<string, readonly unknown[]>> = {
  temperature: [0, 1, 2],
  top_p: [0.1, 1],
  max_tokens: [1, 100, -1, 1_000_000],
  stop: ['x', ['a', 'b', 'c', 'd', 'e', 'f']],
  seed: [1],
  n: [1, 1, 1, 2],
  logprobs: [true],
  top_logprobs: [2],
  user: ['ada', 'grace'],
  tools: [tools, []],
  tool_choice: ['auto', 'none', 'required', { type: 'function', function: { name: 'look' } }],
  parallel_tool_calls: [false],
  response_format: [
    { type: 'json_object' },
    { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } },
  ],
  reasoning_effort: ['none', 'low', 'high'],
  documents: [['a document'], [{ id: 'd', data: { title: 't', text: 'x' } }]],
  stream_options: [{ include_usage: true }],
  truncation: ['disabled', 'auto'],
  history: ['append', 'replace'],
  include_messages: [true, false],
  metadata: [{ a: 'b' }],
  store: [true],
};

const names = ['s0', 's1', 's2', 's-3', 'trip'];

/** @param known ids that the proxy gave out, newest last */
export function oddRequest(random: Random, known: readonly string[]): OddRequest {
  const id = () => (chance(random, 0.5) && known.length > 0 ? pick(random, known) : pick(random, names));
  const query = (text: string) => (chance(random, 0.5) ? `?${text}` : '');
  const routes: readonly (() => Plan)[] = [
    ...Array.from({ length: 8 }, () => () => ({
      method: 'POST',
      path: '/v1/chat/completions',
      body: chat(random, id),
    })),
    () => ({ method: 'POST', path: '/v1/chat/completions/input_tokens', body: chat(random, id) }),
    () => ({
      method: 'GET',
      path: `/v1/sessions${query(`limit=${below(random, 120)}&branches=true&after=${id()}`)}`,
    }),
    () => ({ method: 'GET', path: `/v1/sessions/${id()}${query('format=native')}` }),
    () => ({
      method: 'POST',
      path: `/v1/sessions/${id()}`,
      body: { expires_after: { anchor: 'last_active_at', seconds: pick(random, [60, 86_400, 1e12]) } },
    }),
    () => ({
      method: 'POST',
      path: `/v1/sessions/${id()}/fork`,
      body: {
        message_count: below(random, 5),
        label: 'branch',
        ...(chance(random, 0.3) ? { session_id: id() } : {}),
      },
    }),
    () => ({ method: 'DELETE', path: `/v1/sessions${chance(random, 0.8) ? `/${id()}` : query('all=true')}` }),
    () => ({ method: 'GET', path: `/v1/session-exports${query(`id=${id()}`)}` }),
    () => ({
      method: 'POST',
      path: '/v1/session-imports',
      type: 'application/jsonl',
      body: imported(random, id),
    }),
    () => ({
      method: 'GET',
      path: pick(random, [
        '/v1/models',
        '/v1/model/info',
        '/v1/models/command-a-03-2025',
        '/v1/models/x%2Fy',
      ]),
    }),
    () => ({
      method: 'GET',
      path: pick(random, ['/', '/health', '/ready', '/nothing', '/v1/', '//', '/%', '/v1/sessions/%2e%2e']),
    }),
    () => ({
      method: pick(random, ['HEAD', 'PUT', 'PATCH', 'OPTIONS', 'TRACE']),
      path: '/v1/chat/completions',
    }),
  ];
  return write(random, pick(random, routes)());
}

interface Plan {
  readonly method: string;
  readonly path: string;
  readonly type?: string;
  readonly body?: unknown;
}

function chat(random: Random, id: () => string): unknown {
  const given = Object.entries(settings).filter(() => chance(random, 0.07));
  const some = Object.fromEntries(given.map(([name, values]) => [name, pick(random, values)]));
  const stream = chance(random, 0.5) ? { stream: true } : {};
  if (chance(random, 0.5)) {
    const session = chance(random, 0.8) ? { sessionId: id() } : {};
    return { ...session, message: pick(random, ['Hello', 'And now?', 'Go on.', '']), ...some, ...stream };
  }
  const session = chance(random, 0.2) ? { sessionId: id() } : {};
  return { ...session, model: pick(random, models), messages: pick(random, transcripts), ...some, ...stream };
}

/** Lines of an export; the text of one is spoilt like any other body. */
function imported(random: Random, id: () => string): string {
  const line = (name: string) => ({
    object: 'session.export',
    version: 1,
    format: pick(random, ['openai', 'native']),
    id: name,
    messages: pick(random, transcripts),
  });
  const lines = Array.from({ length: 1 + below(random, 3) }, () => line(id()));
  return lines.map(one => JSON.stringify(chance(random, 0.4) ? spoil(random, one) : one)).join('\n');
}

function write(random: Random, { method, path, type = 'application/json', body }: Plan): OddRequest {
  const isOdd = chance(random, 0.25);
  const value = isOdd && typeof body !== 'string' ? spoil(random, body) : body;
  const written = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const text = Buffer.from(written);
  const isGarbledBody = body !== undefined && chance(random, 0.1);
  const sent = isGarbledBody ? garble(random, text) : text;
  const headers: [string, string][] = [
    ['host', '127.0.0.1'],
    ['authorization', `Bearer key-of-a-client-${below(random, 3)}`],
  ];
  if (body !== undefined) headers.push(['content-type', type]);
  const optional: readonly (readonly [string, string])[] = [
    ['idempotency-key', `key-${below(random, 6)}`],
    ['x-stainless-retry-count', pick(random, ['0', '1', '2', 'x'])],
    ['x-session-id', pick(random, names)],
    ['x-roo-task-id', 'task'],
    ['user-agent', pick(random, ['RooCode/3.0', 'OpenAI/JS 6.0', 'x'.repeat(200)])],
    ['origin', 'http://evil.example'],
    ['upgrade', 'websocket'],
    ['connection', pick(random, ['close', 'keep-alive', 'upgrade'])],
    ['accept', 'text/html'],
    ['content-encoding', 'gzip'],
    ['cookie', 'a=b'],
    ['x-forwarded-for', '1.2.3.4'],
  ];
  for (const header of optional) if (chance(random, 0.025)) headers.push([...header]);
  const isChunked = body !== undefined && chance(random, 0.1);
  if (isChunked) headers.push(['transfer-encoding', 'chunked']);
  else if (body !== undefined) headers.push(['content-length', String(sent.length)]);
  const frame = isChunked && sent.length > 0 ? `${sent.length.toString(16)}\r\n` : '';
  const tail = isChunked ? `${frame === '' ? '' : '\r\n'}0\r\n\r\n` : '';
  const lines = headers.map(([name, given]) => `${name}: ${given}\r\n`).join('');
  const top = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${frame}`, 'latin1');
  const whole = Buffer.concat([top, sent, Buffer.from(tail)]);
  const isGarbled = chance(random, 0.06);
  return { bytes: isGarbled ? garble(random, whole) : whole, method, isHttp: !isGarbled };
}
