// The one error type and its one table. Whoever throws names a code; status, type and whether a repeat helps
// come from here. The text of a ProxyError is meant for the client; its cause is logged and never sent.

interface ErrorKind {
  readonly status: number;
  readonly type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'rate_limit_error'
    | 'insufficient_quota'
    | 'server_error';
  /** Sent as `x-should-retry`, which the official OpenAI client obeys before its own rules. */
  readonly shouldRetry?: boolean;
  /** Default `Retry-After`, in seconds. */
  readonly retryAfterS?: number;
}

const refused = { status: 400, type: 'invalid_request_error' } as const;
const missing = { status: 404, type: 'invalid_request_error' } as const;

const kinds = {
  invalid_json: refused,
  invalid_request: refused,
  missing_required_parameter: refused,
  invalid_type: refused,
  invalid_value: refused,
  empty_array: refused,
  array_above_max_length: refused,
  object_above_max_properties: refused,
  string_above_max_length: refused,
  unsupported_parameter: refused,
  unsupported_value: refused,
  model_not_chat_capable: refused,
  context_length_exceeded: refused,
  sessions_disabled: refused,
  upstream_rejected: refused,
  invalid_api_key: { status: 401, type: 'authentication_error' },
  host_not_allowed: { status: 403, type: 'permission_error' },
  origin_not_allowed: { status: 403, type: 'permission_error' },
  upstream_forbidden: { status: 403, type: 'permission_error' },
  // What a repeat cannot mend has a status that no client repeats: many do not look at `x-should-retry`.
  upstream_auth_failed: { status: 403, type: 'permission_error', shouldRetry: false },
  session_not_found: missing,
  model_not_found: missing,
  upstream_not_found: missing,
  route_not_found: missing,
  method_not_allowed: { status: 405, type: 'invalid_request_error' },
  request_timeout: { status: 408, type: 'invalid_request_error' },
  conversation_locked: { status: 409, type: 'invalid_request_error', shouldRetry: true, retryAfterS: 1 },
  idempotency_key_in_use: {
    status: 409,
    type: 'invalid_request_error',
    shouldRetry: true,
    retryAfterS: 1,
  },
  session_conflict: { status: 409, type: 'invalid_request_error', shouldRetry: true },
  request_too_large: { status: 413, type: 'invalid_request_error' },
  headers_too_large: { status: 431, type: 'invalid_request_error' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error' },
  expectation_failed: { status: 417, type: 'invalid_request_error' },
  idempotency_key_reused: { status: 422, type: 'invalid_request_error' },
  upstream_generation_failed: { status: 422, type: 'server_error', shouldRetry: false },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', retryAfterS: 15 },
  owner_limit_exceeded: { status: 429, type: 'rate_limit_error', retryAfterS: 1 },
  insufficient_quota: { status: 429, type: 'insufficient_quota', shouldRetry: false },
  client_closed_request: { status: 499, type: 'invalid_request_error', shouldRetry: false },
  internal_error: { status: 500, type: 'server_error', shouldRetry: false },
  store_corrupt: { status: 500, type: 'server_error', shouldRetry: false },
  unsupported_transfer_encoding: { status: 501, type: 'invalid_request_error', shouldRetry: false },
  upstream_unreachable: { status: 502, type: 'server_error' },
  upstream_error: { status: 502, type: 'server_error' },
  upstream_invalid_response: { status: 502, type: 'server_error', shouldRetry: false },
  upstream_timeout: { status: 504, type: 'server_error', shouldRetry: false },
  upstream_stalled: { status: 504, type: 'server_error', shouldRetry: false },
  upstream_interrupted: { status: 504, type: 'server_error' },
  store_unavailable: { status: 503, type: 'server_error', retryAfterS: 1 },
  key_unchecked: { status: 503, type: 'server_error', retryAfterS: 5 },
  overloaded: { status: 503, type: 'server_error', retryAfterS: 1 },
  shutting_down: { status: 503, type: 'server_error', retryAfterS: 5 },
  store_full: { status: 507, type: 'server_error', shouldRetry: false },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;

/** What Cohere said of a request that it refused. */
export interface UpstreamSaid {
  readonly status: number;
  readonly said: string | undefined;
  readonly errorType: string | undefined;
}

export interface ProxyErrorOptions {
  /** The request field at fault, as a path: `messages[3].content`. */
  readonly param?: string;
  /** For the log only. */
  readonly cause?: unknown;
  /** For the log only. */
  readonly upstream?: UpstreamSaid;
  /** Sent to the client beside the message, e.g. `{expired: true}`. */
  readonly details?: Readonly<Record<string, string | number | boolean>>;
  /** Overrides the table's, in seconds. */
  readonly retryAfterS?: number;
  /** Overrides the table's. */
  readonly shouldRetry?: boolean;
  /** How we may repeat the call ourselves, once, before anything was sent to the client. Never sent. */
  readonly repeat?: Repeat;
}

/**
 * `as-is`: the same call may work now. `without`: an option that Cohere names is not taken.
 * `without-images`: an image is refused; the message may say which.
 * `shorter`: the prompt has more tokens than we counted; `details` says how many, and how many it may have.
 */
export type Repeat = 'as-is' | 'without-images' | 'shorter' | { readonly without: string };

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly details?: Readonly<Record<string, string | number | boolean>>;
  };
}

/** What is told may quote what was sent. */
const maxMessage = 2_000;
const maxParam = 512;

export class ProxyError extends Error {
  override readonly name = 'ProxyError';
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly details: ProxyErrorOptions['details'];
  readonly status: number;
  readonly type: string;
  readonly retryAfterS: number | undefined;
  readonly shouldRetry: boolean | undefined;
  readonly repeat: Repeat | undefined;
  readonly upstream: UpstreamSaid | undefined;

  constructor(code: ErrorCode, message: string, options: ProxyErrorOptions = {}) {
    super(
      message.length > maxMessage ? `${message.slice(0, maxMessage)}…` : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    const kind: ErrorKind = kinds[code];
    this.code = code;
    this.param = options.param?.slice(0, maxParam);
    this.details = options.details;
    this.status = kind.status;
    this.type = kind.type;
    this.retryAfterS = options.retryAfterS ?? kind.retryAfterS;
    this.shouldRetry = options.shouldRetry ?? kind.shouldRetry;
    this.repeat = options.repeat;
    this.upstream = options.upstream;
  }

  /** The same failure in other words, or with other advice. */
  with({
    message = this.message,
    shouldRetry = this.shouldRetry,
  }: {
    message?: string;
    shouldRetry?: boolean | undefined;
  }): ProxyError {
    const { code, param, details, retryAfterS, repeat, cause, upstream } = this;
    return new ProxyError(code, message, {
      cause,
      ...(param === undefined ? {} : { param }),
      ...(details ? { details } : {}),
      ...(retryAfterS === undefined ? {} : { retryAfterS }),
      ...(shouldRetry === undefined ? {} : { shouldRetry }),
      ...(repeat ? { repeat } : {}),
      ...(upstream ? { upstream } : {}),
    });
  }

  /** OpenAI's shape; the same object is a 4xx/5xx body and the frame that ends a broken stream. */
  toBody(): ErrorBody {
    const { message, type, param = null, code, details } = this;
    return { error: { message, type, param, code, ...(details ? { details } : {}) } };
  }
}

/** Anything thrown → ProxyError. What nobody meant becomes `internal_error`, whose text tells nothing. */
export function toProxyError(thrown: unknown): ProxyError {
  if (thrown instanceof ProxyError) return thrown;
  return new ProxyError(
    'internal_error',
    'The proxy failed unexpectedly. The request id helps to find out why.',
    {
      cause: thrown,
    },
  );
}

/** In the words that agents look for (Roo, Zoo, Cline, opencode, Continue …). Numbers are tokens. */
export function contextExceeded(limit: number, tokens: number, options: ProxyErrorOptions = {}): ProxyError {
  return new ProxyError(
    'context_length_exceeded',
    `This model's maximum context length is ${limit} tokens. However, your messages resulted in ${tokens} tokens. Please reduce the length of the messages.`,
    { ...options, param: 'messages', details: { limit, tokens } },
  );
}
