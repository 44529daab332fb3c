// The official OpenAI client in front of the proxy, over a real socket; behind it the offline Cohere.
import OpenAI, {
  APIConnectionError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  RateLimitError,
} from 'openai';
import type { RunnableToolFunctionWithParse } from 'openai/lib/RunnableFunction';
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { type Simulator, startSimulator } from '../../src/simulator/server.ts';

type Params = Omit<ChatCompletionCreateParamsNonStreaming, 'stream'>;

const model = 'command-a-03-2025';
const servers: CohereProxyServer[] = [];

async function serve(options: ConstructorParameters<typeof CohereProxyServer>[0] = {}): Promise<string> {
  const server = new CohereProxyServer({
    offline: true,
    port: 0,
    sessionStore: 'memory:',
    logLevel: 'silent',
    ...options,
  });
  servers.push(server);
  return (await server.listen()).url;
}

let simulator: Simulator;
let calls = 0;
let client: OpenAI;

/** Counts what goes over the wire. */
function clientOf(url: string, apiKey = 'any'): OpenAI {
  return new OpenAI({
    baseURL: `${url}/v1`,
    apiKey,
    fetch: (input, init) => {
      calls += 1;
      return fetch(input, init);
    },
  });
}

beforeAll(async () => {
  client = clientOf(await serve());
  simulator = await startSimulator();
});
afterAll(async () => {
  await Promise.all(servers.map(server => server.close()));
  await simulator.close();
});

const user = (content: string) => ({ role: 'user', content }) as const;
const ask = (content: string, more: Partial<Params> = {}): Params => ({
  model,
  messages: [user(content)],
  ...more,
});

const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'Tells the weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
} satisfies OpenAI.ChatCompletionTool;
const clock = {
  type: 'function' as const,
  function: {
    name: 'mcp--get-time',
    description: 'Tells the time in a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
} satisfies OpenAI.ChatCompletionTool;

describe('answers', () => {
  test('whole', async () => {
    const completion = await client.chat.completions.create(ask('My name is Ada.'));
    expect(completion).toMatchObject({
      object: 'chat.completion',
      model,
      choices: [{ finish_reason: 'stop' }],
    });
    expect(completion.id).toMatch(/^chatcmpl-/);
    expect(completion.choices[0]?.message.content).toContain('Ada');
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
  });

  test('streamed', async () => {
    const stream = await client.chat.completions.create({
      ...ask('My name is Ada.'),
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    const finished: string[] = [];
    let usage: OpenAI.CompletionUsage | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (chunk.choices[0]?.finish_reason) finished.push(chunk.choices[0].finish_reason);
      usage = chunk.usage;
    }
    expect(text).toContain('Ada');
    expect(finished).toEqual(['stop']);
    expect(usage?.total_tokens).toBeGreaterThan(0);
  });

  test('with a tool call, under the name that the client knows', async () => {
    const completion = await client.chat.completions.create(
      ask('Call the mcp get time tool for Paris', { tools: [clock], tool_choice: 'required' }),
    );
    const [choice] = completion.choices;
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(choice?.message.content).toBeNull();
    const [call] = choice?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: 'function', function: { name: 'mcp--get-time' } });
    expect(call?.id).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  test('with parallel tool calls, and with the first only', async () => {
    const both = ask('Get weather in Paris and in Rome, both at the same time', { tools: [weather] });
    const callsOf = async (params: Params) =>
      (await client.chat.completions.create(params)).choices[0]?.message.tool_calls ?? [];
    const two = await callsOf(both);
    expect(two.length).toBe(2);
    expect(new Set(two.map(({ id }) => id)).size).toBe(2);
    expect((await callsOf({ ...both, parallel_tool_calls: false })).length).toBe(1);
  });

  test('runTools goes round until the answer', async () => {
    const cities: string[] = [];
    const runnable: RunnableToolFunctionWithParse<{ city: string }> = {
      type: 'function',
      function: {
        ...weather.function,
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        parse: text => JSON.parse(text),
        function: ({ city }) => {
          cities.push(city);
          return `It rains in ${city}.`;
        },
      },
    };
    const params = { ...ask('Get weather in Paris, please'), tools: [runnable] };
    const runner = client.chat.completions.runTools(params);
    expect(await runner.finalContent()).toContain('rains');
    expect(cities.length).toBe(1);
  });
});

describe('P6 what the client collects of a stream is the completion', () => {
  /** Without what is new each time. */
  const comparable = (completion: OpenAI.ChatCompletion) => {
    const { id: _, created: __, ...rest } = JSON.parse(JSON.stringify(completion));
    const text = JSON.stringify(rest, (name, value) => {
      if (name === 'tool_calls') return value.map((call: object) => ({ ...call, id: 'id' }));
      // Cohere's spacing differs between its two forms.
      if (name === 'arguments') return JSON.parse(value);
      if (name === 'sessionId') return typeof value;
      // The client keeps only the last piece of a field that it does not know (Object.assign).
      return ['reasoning_content', 'annotations', 'citations', 'parsed'].includes(name) ? undefined : value;
    });
    return JSON.parse(text);
  };

  test.each<[string, Params]>([
    ['text', ask('My name is Ada 🌊.')],
    ['tools', ask('Get weather in Paris and in Rome, both at the same time', { tools: [weather] })],
    ['a length', ask('What did I say first? Tell me all of it.', { max_tokens: 3 })],
    ['thinking', ask('My name is Ada.', { model: 'command-a-reasoning-08-2025' })],
    ['JSON', ask('Answer in JSON.', { response_format: { type: 'json_object' } })],
  ])('%s', async (_, params) => {
    const whole = await client.chat.completions.create(params);
    const streamed = client.chat.completions.stream({ ...params, stream_options: { include_usage: true } });
    const collected = comparable(await streamed.finalChatCompletion());
    const expected = comparable(whole);
    expect(collected.choices[0].message.content).toBe(expected.choices[0].message.content);
    expect(collected.choices[0].message.tool_calls).toEqual(expected.choices[0].message.tool_calls);
    expect(collected.choices[0].finish_reason).toBe(expected.choices[0].finish_reason);
    expect(collected.usage.prompt_tokens).toBe(expected.usage.prompt_tokens);
    expect(collected.reply).toBe(expected.reply);
    expect(collected.messages?.length).toBe(expected.messages?.length);
    expect(collected.sessionId).toBe(expected.sessionId);
  });

  test('citations, of which there are several', async () => {
    const documents = [
      { id: 'd1', data: { title: 'Seas', text: 'The deep sea is dark. The deep sea is cold.' } },
      { id: 'd2', data: { title: 'Depth', text: 'The deep sea is the lowest layer of the sea.' } },
    ];
    const params = Object.assign(ask('What is the deep sea?'), { documents });
    const annotationsOf = (completion: OpenAI.ChatCompletion) => completion.choices[0]?.message.annotations;
    const whole = annotationsOf(await client.chat.completions.create(params));
    expect(whole?.length).toBeGreaterThan(1);
    const streamed = await client.chat.completions.stream(params).finalChatCompletion();
    expect(annotationsOf(streamed)).toEqual(whole);
  });
});

describe('failures are the errors that the client knows', () => {
  const failureOf = async (params: Params, from = client) => {
    calls = 0;
    try {
      await from.chat.completions.create(params);
    } catch (error) {
      return error as InstanceType<typeof OpenAI.APIError>;
    }
    throw new Error('did not fail');
  };

  test('BadRequest', async () => {
    const error = await failureOf(ask('Hello', { n: 2 }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ status: 400, code: 'unsupported_parameter', param: 'n' });
    expect(error.requestID).toMatch(/^req_/);
    expect(calls).toBe(1);
  });

  test('Authentication', async () => {
    const proxyKeys = [{ name: 'ada', key: 'canary-ada-0123456789' }];
    const url = await serve({ proxyKeys });
    const error = await failureOf(ask('Hello'), clientOf(url, 'canary-wrong-0123456789'));
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect(JSON.stringify(error.error)).not.toContain('canary');
    const known = clientOf(url, 'canary-ada-0123456789');
    expect((await known.chat.completions.create(ask('My name is Ada.'))).choices.length).toBe(1);
  });

  test('NotFound: a model', async () => {
    const error = await failureOf(ask('Hello', { model: 'nonexistent' }));
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
  });

  test('NotFound: a path', async () => {
    const error = await client.post('/nothing', { body: {} }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error).toMatchObject({ code: 'route_not_found' });
  });

  test('BadRequest: a model that does not chat', async () => {
    const error = await failureOf(ask('Hello', { model: 'embed-v4.0' }));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ code: 'model_not_chat_capable', param: 'model' });
  });

  test('RateLimit, of which the client is told when to come back', async () => {
    const error = await failureOf(ask('simulate:429'), client.withOptions({ maxRetries: 0 }));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    expect(error.headers?.get('retry-after')).toBe('15');
  });

  test('RateLimit for a month: the client does not try again', async () => {
    const error = await failureOf(ask('simulate:429-month'));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'insufficient_quota', type: 'insufficient_quota' });
    expect(calls).toBe(1);
  });

  test.each<[string, number, string]>([
    ['simulate:500', 502, 'upstream_error'],
    ['simulate:502', 502, 'upstream_error'],
    ['simulate:503', 502, 'upstream_error'],
    ['simulate:cut', 504, 'upstream_interrupted'],
    ['simulate:empty', 502, 'upstream_invalid_response'],
  ])('%s is a server error %i', async (word, status, code) => {
    const error = await failureOf(ask(word), client.withOptions({ maxRetries: 0 }));
    expect(error).toBeInstanceOf(InternalServerError);
    expect(error).toMatchObject({ status, code, type: 'server_error' });
  });

  test('simulate:422 is no server error, which would be repeated', async () => {
    const error = await failureOf(ask('simulate:422'));
    expect(error).toMatchObject({ status: 422, code: 'upstream_generation_failed', type: 'server_error' });
    expect(calls).toBe(1);
  });

  test.each(['simulate:cut', 'simulate:error', 'simulate:no-end'])(
    '%s in a stream is an error, never an end',
    async word => {
      const finished: string[] = [];
      const read = async () => {
        const stream = await client.chat.completions.create({ ...ask(word), stream: true });
        for await (const chunk of stream) finished.push(...chunk.choices.flatMap(c => c.finish_reason ?? []));
      };
      await expect(read()).rejects.toThrow();
      expect(finished).toEqual([]);
    },
  );

  test('a client that leaves is not held', async () => {
    const abort = new AbortController();
    const stream = await client.chat.completions.create(
      { ...ask('simulate:slow'), stream: true },
      { signal: abort.signal },
    );
    for await (const _ of stream) abort.abort();
    expect(abort.signal.aborted).toBe(true);
  });

  test('a proxy that is not there', async () => {
    const url = await serve();
    await servers.pop()?.close();
    const error = await failureOf(ask('Hello'), clientOf(url).withOptions({ maxRetries: 0 }));
    expect(error).toBeInstanceOf(APIConnectionError);
  });
});

describe('repeats are not doubled', () => {
  let proxied: OpenAI;
  beforeAll(async () => {
    proxied = clientOf(await serve({ offline: false, cohereApiKey: 'k', cohereBaseUrl: simulator.url }));
  });

  /** What came to the proxy, and what it sent to Cohere. */
  const counted = async (word: string, stream: boolean) => {
    calls = 0;
    const before = simulator.requests.length;
    const params = ask(word);
    const outcome = stream
      ? proxied.chat.completions.stream(params).finalChatCompletion()
      : proxied.chat.completions.create(params);
    const isAnswered = await outcome.then(
      () => true,
      () => false,
    );
    const sent = simulator.requests.slice(before).filter(({ path }) => path === '/v2/chat').length;
    return { isAnswered, calls, sent };
  };

  test.each<[string, boolean, number, number]>([
    // What passes is repeated by us, once, and the client sees nothing of it.
    ['simulate:once-503', true, 1, 2],
    // The model fails: one repeat here, none by the client.
    ['simulate:422', false, 1, 2],
    // Nothing that a repeat would help.
    ['simulate:429-month', false, 1, 1],
  ])('%s', async (word, isAnswered, asked, sent) => {
    for (const stream of [false, true]) {
      const text = stream ? `${word} in a stream` : word;
      expect(await counted(text, stream)).toEqual({ isAnswered, calls: asked, sent });
    }
  });
});

describe('models', () => {
  test('are listed and found', async () => {
    const models = [];
    for await (const listed of client.models.list()) models.push(listed);
    expect(models.map(({ id }) => id)).toContain(model);
    expect(models.map(({ id }) => id)).not.toContain('embed-v4.0');
    expect(await client.models.retrieve(model)).toMatchObject({
      id: model,
      object: 'model',
      owned_by: 'cohere',
    });
    await expect(client.models.retrieve('nonexistent')).rejects.toBeInstanceOf(NotFoundError);
  });
});
