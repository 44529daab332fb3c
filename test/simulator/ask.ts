// A simulator for each test file, and the shortest way to ask it something.
import { afterAll, beforeAll } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/simulator/json.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.ts';

/** What is looked at of an answer, or of a refusal. */
interface ReplyBody {
  readonly id?: string;
  readonly message: {
    readonly content?: readonly {
      readonly type: string;
      readonly text?: string;
      readonly thinking?: string;
    }[];
    readonly tool_plan?: string;
    readonly tool_calls?: readonly CallBody[];
    readonly citations?: readonly CitationBody[];
  };
  readonly finish_reason: string;
  readonly usage: UsageBody;
  readonly logprobs?: readonly JsonObject[];
}

interface CallBody {
  readonly id: string;
  readonly function: { readonly name: string; readonly arguments: string };
}

interface CitationBody {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly sources: readonly JsonObject[];
  readonly content_index?: number;
}

interface UsageBody {
  readonly billed_units: { readonly input_tokens: number; readonly output_tokens: number };
  readonly tokens: {
    readonly input_tokens: number;
    readonly output_tokens: number;
    readonly image_tokens?: number;
  };
  readonly cached_tokens: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: ReplyBody;
  /** Of a refusal. */
  readonly message: string;
}

export interface StreamEvent {
  readonly type: string;
  readonly id?: string;
  readonly index?: number;
  readonly delta?: {
    readonly message?: {
      readonly content?: { readonly text?: string; readonly thinking?: string };
      readonly tool_calls?: { readonly function: { readonly arguments: string } };
      readonly citations?: CitationBody;
    };
  };
  readonly logprobs?: JsonObject;
}

export interface ModelPage {
  readonly models: readonly { readonly name: string; readonly endpoints: readonly string[] }[];
  readonly next_page_token?: string;
}

/** Starts one for the file; the returned functions work inside its tests. */
export function useSimulator(options: SimulatorOptions = {}) {
  let simulator: Simulator | undefined;
  const running = (): Simulator => {
    if (!simulator) throw new Error('the simulator is not running yet');
    return simulator;
  };
  beforeAll(async () => {
    simulator = await startSimulator(options);
  });
  afterAll(async () => {
    await simulator?.close();
  });

  const send = (body: unknown, init: RequestInit = {}): Promise<Response> =>
    fetch(`${running().url}/v2/chat`, {
      method: 'POST',
      headers: { authorization: 'Bearer test-key', 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...init,
    });
  const read = async (response: Response): Promise<Reply> => {
    const text = await response.text();
    const body = response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : {};
    return { status: response.status, headers: response.headers, text, body, message: String(body.message) };
  };
  return {
    running,
    send,
    ask: async (body: unknown): Promise<Reply> => read(await send(body)),
    get: async (path: string): Promise<Reply> =>
      read(await fetch(`${running().url}${path}`, { headers: { authorization: 'Bearer test-key' } })),
    stream: async (body: JsonObject): Promise<readonly StreamEvent[]> =>
      readEvents((await read(await send({ ...body, stream: true }))).text),
  };
}

/** Checks the framing byte for byte: `event:`, one line of `data:`, an empty line; at the end `[DONE]` alone. */
export function readEvents(text: string): readonly StreamEvent[] {
  const end = 'data: [DONE]\n\n';
  if (!text.endsWith(end)) throw new Error(`the stream does not end with [DONE]: ${text.slice(-200)}`);
  return text
    .slice(0, -end.length)
    .split('\n\n')
    .filter(frame => frame !== '')
    .map(frame => {
      const [, name, data] = /^event: ([a-z-]+)\ndata: (.+)$/.exec(frame) ?? [];
      if (name === undefined || data === undefined) throw new Error(`not a frame: ${frame}`);
      const event: StreamEvent = JSON.parse(data);
      if (event.type !== name) throw new Error(`event ${name} carries ${event.type}`);
      return event;
    });
}

export const model = 'command-a-03-2025';

export function user(content: JsonValue): JsonObject {
  return { role: 'user', content };
}

export function assistant(content: JsonValue): JsonObject {
  return { role: 'assistant', content };
}

export function calling(...calls: readonly JsonObject[]): JsonObject {
  return { role: 'assistant', tool_calls: calls };
}

export function call(id: string, name = 'get_weather', args = '{}'): JsonObject {
  return { id, type: 'function', function: { name, arguments: args } };
}

export function result(id: string, content: JsonValue = 'sunny'): JsonObject {
  return { role: 'tool', tool_call_id: id, content };
}

export function tool(name: string, properties: JsonObject = {}, description = ''): JsonObject {
  const parameters = { type: 'object', properties, required: Object.keys(properties) };
  return { type: 'function', function: { name, description, parameters } };
}

export const weather = tool('get_weather', { city: { type: 'string' } });
export const time = tool('get_time');
