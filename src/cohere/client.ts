// The only file that talks to Cohere. One origin, from the configuration, never from a request.
import { Pool } from 'undici';
import { ProxyError, toProxyError } from '../conversation/errors.ts';
import type { TurnEvent, TurnEventBatches } from '../conversation/turn-event.ts';
import { inSlices } from '../streams/slices.ts';
import type { CallOptions, ChatModel, ModelInfo, PreparedCall, Prompt } from '../turn/model.ts';
import { type AnswerLimits, parseAnswer } from './check-answer.ts';
import { connectSkippingInterim } from './connect.ts';
import { ErrorInAnswer } from './error-in-answer.ts';
import { type FormattedRequest, formatRequest } from './format-request.ts';
import { ModelDirectory } from './model-directory.ts';
import { readError } from './read-error.ts';
import { readResponse } from './read-response.ts';
import { CohereStreamReader } from './read-stream.ts';
import { RefusedOptions } from './refused-options.ts';
import type { CohereChatOptions } from './wire.ts';
import { withoutQuotes } from './without-quotes.ts';

/** `unchecked`: Cohere cannot be asked, or does not know the question. */
export type KeyState = 'accepted' | 'refused' | 'unchecked';

export interface CohereClientOptions {
  /** With or without a path before `/v2/chat`. */
  readonly baseUrl: string;
  /** True where callers' keys are passed through: a refused key is the caller's affair then. */
  readonly usesClientKeys: boolean;
  readonly limits: AnswerLimits & {
    readonly connectTimeoutMs: number;
    readonly upstreamConnections: number;
    readonly upstreamEventBytes: number;
    readonly upstreamBodyBytes: number;
    readonly upstreamErrorBytes: number;
    readonly modelsCacheMs: number;
    readonly modelsTimeoutMs: number;
    readonly keyCheckTimeoutMs: number;
  };
  readonly now: () => number;
  /** Told what Cohere says of a key that chats. */
  readonly onKey?: ((apiKey: string, state: 'accepted' | 'refused') => void) | undefined;
  /** Tokens by the name of a model: goes before what Cohere says. */
  readonly contexts?: Readonly<Record<string, number>> | undefined;
}

interface RequestOptions {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly apiKey: string | undefined;
  readonly signal: AbortSignal;
  readonly body?: Buffer;
}

/** What a chat was asked for. */
interface Request {
  readonly asked: CohereChatOptions;
  readonly body: Buffer;
}

type Response = Awaited<ReturnType<Pool['request']>>;

export class CohereClient implements ChatModel {
  readonly #models: ModelDirectory;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #options: CohereClientOptions;
  readonly #refused = new RefusedOptions();

  constructor(options: CohereClientOptions) {
    const url = new URL(options.baseUrl);
    const { limits } = options;
    this.#options = options;
    this.#basePath = url.pathname.replace(/(?<!\/)\/+$/, '');
    this.#pool = new Pool(url.origin, {
      connections: limits.upstreamConnections,
      connect: connectSkippingInterim({ timeout: limits.connectTimeoutMs }),
      // Whoever calls holds the deadlines: silence means something else in a stream than in a whole answer.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: limits.upstreamBodyBytes,
      pipelining: 1,
    });
    this.#models = new ModelDirectory({
      fetchPage: (path, apiKey, signal) => this.#fetchJson(path, apiKey, signal),
      limits,
      now: options.now,
      contexts: options.contexts,
    });
  }

  lookup(model: string, apiKey: string | undefined): Promise<ModelInfo | undefined> {
    return this.#models.lookup(model, apiKey);
  }

  list(apiKey: string | undefined): Promise<readonly ModelInfo[]> {
    return this.#models.list(apiKey);
  }

  /** Whether Cohere takes this key. Never rejects. */
  async checkKey(apiKey: string): Promise<KeyState> {
    const signal = AbortSignal.timeout(this.#options.limits.keyCheckTimeoutMs);
    let isRefused = false;
    try {
      const response = await this.#request({ method: 'POST', path: '/v1/check-api-key', apiKey, signal });
      isRefused = refusesKey.has(response.statusCode);
      await this.#checkStatus(response, { apiKey, signal });
      const said = await this.#readJson(response, signal);
      const isValid = typeof said === 'object' && said !== null && 'valid' in said ? said.valid : undefined;
      if (typeof isValid !== 'boolean') return 'unchecked';
      return isValid ? 'accepted' : 'refused';
    } catch {
      return isRefused ? 'refused' : 'unchecked';
    }
  }

  prepare(prompt: Prompt, info: ModelInfo | undefined, without?: string): PreparedCall {
    const { prompt: asked, left } = this.#refused.leaveOut(prompt, without);
    const request = formatRequest(asked, info);
    const { dropped, clamped, rewritten } = request;
    let body: Buffer | undefined;
    return {
      dropped: [...dropped, ...left],
      clamped,
      rewritten,
      send: async options => {
        try {
          body ??= await inSlices(request.writeBody());
          return await this.#chat(request, body, options);
        } catch (thrown) {
          const error = hideKey(thrown, options.apiKey);
          if (!(error instanceof ProxyError)) throw error;
          if (typeof error.repeat === 'object')
            this.#refused.note(prompt, error.repeat.without, error.message);
          if (refusesKeyByCode.has(error.code)) this.#tellOfKey(options.apiKey, 'refused');
          throw error;
        }
      },
    };
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #chat(
    { options: asked, toolNames }: FormattedRequest,
    body: Buffer,
    options: CallOptions,
  ): Promise<TurnEventBatches> {
    const response = await this.#request({ method: 'POST', path: '/v2/chat', body, ...options });
    await this.#checkStatus(response, options, { asked, body });
    const { limits } = this.#options;
    const readFailure = (error: unknown) =>
      error instanceof ErrorInAnswer ? this.#readErrorInAnswer(error, options, { asked, body }) : error;
    const contentType = String(response.headers['content-type'] ?? '').toLowerCase();
    // What came decides, not what was asked for: a gateway may have turned one into the other.
    if (contentType.startsWith('text/event-stream')) {
      this.#tellOfKey(options.apiKey, 'accepted');
      const reader = new CohereStreamReader({ toolNames, maxEventBytes: limits.upstreamEventBytes, limits });
      return readBatches(response.body, reader, options, readFailure);
    }
    if (!contentType.startsWith('application/json')) {
      response.body.destroy();
      throw new ProxyError('upstream_invalid_response', 'Cohere answered with another type of content.');
    }
    const whole = await this.#readJson(response, options.signal);
    this.#tellOfKey(options.apiKey, 'accepted');
    try {
      return oneBatch(readResponse(whole, toolNames, limits));
    } catch (error) {
      throw readFailure(error);
    }
  }

  #tellOfKey(apiKey: string | undefined, state: 'accepted' | 'refused'): void {
    if (apiKey !== undefined) this.#options.onKey?.(apiKey, state);
  }

  async #fetchJson(path: string, apiKey: string | undefined, signal: AbortSignal): Promise<unknown> {
    const response = await this.#request({ method: 'GET', path, apiKey, signal });
    await this.#checkStatus(response, { apiKey, signal });
    return this.#readJson(response, signal);
  }

  async #request({ method, path, apiKey, signal, body }: RequestOptions): Promise<Response> {
    const headers: string[] = ['accept-encoding', 'identity', 'x-client-name', 'cohere-proxy'];
    if (apiKey !== undefined) headers.push('authorization', `Bearer ${apiKey}`);
    if (body) headers.push('content-type', 'application/json');
    try {
      const response = await this.#pool.request({
        method,
        path: this.#basePath + path,
        headers,
        body: body ?? null,
        signal,
      });
      // Whoever reads the body is told what goes wrong. Of a body that was let go nobody wants to know, and an
      // `error` event that nobody hears ends the process.
      response.body.on('error', () => {});
      return response;
    } catch (error) {
      throw readNetworkError(error, signal, 'before');
    }
  }

  async #checkStatus(response: Response, { apiKey, signal }: CallOptions, request?: Request): Promise<void> {
    const { statusCode: status, headers } = response;
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      response.body.destroy();
      throw new ProxyError(
        'upstream_invalid_response',
        'Cohere answered in an encoding that was not asked for.',
      );
    }
    const transfer = headers['transfer-encoding'];
    // undici takes the chunks apart, and hands on what is in them as it is.
    if (transfer !== undefined && String(transfer).toLowerCase() !== 'chunked') {
      response.body.destroy();
      throw new ProxyError(
        'upstream_invalid_response',
        'Cohere answered in a transfer encoding that was not asked for.',
      );
    }
    if (status === 200) return;
    const text = await readCut(response, this.#options.limits.upstreamErrorBytes, signal);
    if (status < 400) {
      throw new ProxyError(
        'upstream_invalid_response',
        `Cohere answered with the unexpected status ${status}.`,
      );
    }
    const retryAfter = headers['retry-after'];
    throw this.#readFailure(status, text, { apiKey, request, retryAfter });
  }

  #readFailure(
    status: number,
    text: string,
    {
      apiKey,
      request,
      retryAfter,
    }: {
      readonly apiKey: string | undefined;
      readonly request: Request | undefined;
      readonly retryAfter?: string | string[] | undefined;
    },
  ): ProxyError {
    return readError({
      status,
      retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
      text: withoutKey(text, apiKey),
      isClientKey: this.#options.usesClientKeys,
      model: request?.asked.model ?? '',
      options: Object.keys(request?.asked ?? {}),
      forLog: sentence => (status < 500 ? withoutQuotes(sentence, request?.body) : undefined),
    });
  }

  #readErrorInAnswer({ status, text }: ErrorInAnswer, { apiKey }: CallOptions, request: Request): ProxyError {
    if (status !== undefined) return this.#readFailure(status, text, { apiKey, request });
    return new ProxyError('upstream_error', 'Cohere gave an error in the place of an answer.', {
      upstream: { status: 200, said: undefined, errorType: undefined },
      repeat: 'as-is',
    });
  }

  async #readJson(response: Response, signal: AbortSignal): Promise<unknown> {
    let bytes: Buffer;
    try {
      bytes = Buffer.from(await response.body.arrayBuffer());
    } catch (error) {
      throw readNetworkError(error, signal, 'within');
    }
    return parseAnswer(bytes, this.#options.limits);
  }
}

/** Statuses of the question alone (498: invalid token), and errors of a chat. */
const refusesKey = new Set([401, 403, 498]);
const refusesKeyByCode = new Set<string>(['invalid_api_key', 'upstream_auth_failed']);

async function* readBatches(
  body: Response['body'],
  reader: CohereStreamReader,
  { signal, apiKey }: CallOptions,
  readFailure: (error: unknown) => unknown,
): AsyncGenerator<readonly TurnEvent[]> {
  const chunks: AsyncIterator<Buffer> = body[Symbol.asyncIterator]();
  try {
    while (!reader.ended) {
      const read = await chunks.next();
      const batch = read.done ? reader.end() : reader.push(read.value);
      if (batch.length > 0) yield batch;
    }
  } catch (error) {
    throw hideKey(readNetworkError(readFailure(error), signal, 'within'), apiKey);
  } finally {
    if (reader.ended) drain(chunks, body);
    else body.destroy();
  }
}

const maxDrainMs = 1_000;

/**
 * What follows the end (`[DONE]` and the last chunk) says nothing, and waiting for it would only delay the commit;
 * but a connection is only used again once it was read to its end.
 */
function drain(chunks: AsyncIterator<Buffer>, body: Response['body']): void {
  const timer = setTimeout(() => body.destroy(), maxDrainMs);
  const readOn = async () => {
    while (!(await chunks.next()).done);
  };
  readOn()
    .catch(() => {})
    .finally(() => clearTimeout(timer));
}

/** A key of `k` would hide every k of the words. */
const leastHidden = 8;

/** Cohere quotes what it was sent; the proxy's own key is not its clients' business, nor the log's. */
function withoutKey(text: string, apiKey: string | undefined): string {
  return apiKey === undefined || apiKey.length < leastHidden ? text : text.replaceAll(apiKey, '[key]');
}

function hideKey(thrown: unknown, apiKey: string | undefined): unknown {
  if (!(thrown instanceof ProxyError)) return thrown;
  const message = withoutKey(thrown.message, apiKey);
  return message === thrown.message ? thrown : thrown.with({ message });
}

async function* oneBatch(events: readonly TurnEvent[]): AsyncGenerator<readonly TurnEvent[]> {
  yield events;
}

/** At most so many bytes; the rest of the body is given up. */
async function readCut(response: Response, maxBytes: number, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= maxBytes) break;
    }
  } catch (error) {
    if (signal.aborted) throw readNetworkError(error, signal, 'within');
    // The status alone says enough.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes).toString();
}

const invalidAnswers = new Set([
  'UND_ERR_RES_EXCEEDED_MAX_SIZE',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);

function readNetworkError(error: unknown, signal: AbortSignal, moment: 'before' | 'within'): ProxyError {
  if (error instanceof ProxyError) return error;
  if (signal.aborted) return toProxyError(signal.reason);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const isGarbled = error instanceof Error && error.name === 'HTTPParserError';
  if (isGarbled || invalidAnswers.has(code)) {
    return new ProxyError(
      'upstream_invalid_response',
      'Cohere answered with something that is no valid HTTP.',
      {
        cause: error,
      },
    );
  }
  if (moment === 'within') {
    return new ProxyError('upstream_interrupted', 'The answer from Cohere broke off before its end.', {
      cause: error,
    });
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new ProxyError('upstream_timeout', 'Cohere could not be reached in time.', { cause: error });
  }
  if (code === 'EMFILE' || code === 'ENFILE') {
    const words = 'The proxy has no file handle left for a connection to Cohere. Try again in a moment.';
    return new ProxyError('overloaded', words, { cause: error });
  }
  // The model may have run; it is only a generation, so one repeat is allowed.
  const isCut = code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE';
  const words = isCut
    ? 'The connection to Cohere broke off before an answer came.'
    : 'Cohere could not be reached.';
  return new ProxyError('upstream_unreachable', words, {
    cause: error,
    repeat: 'as-is',
  });
}
