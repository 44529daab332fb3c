// An answer of Cohere's that is no success → ProxyError. Bodies may be flat JSON, plain text, HTML or nothing:
// a proxy of Cohere's answers too. Only Cohere's own sentence about the request is passed on, and cut.
import { contextExceeded, ProxyError } from '../conversation/errors.ts';
import { isGenerationFailure } from './read-answer.ts';

export interface UpstreamFailure {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** What came of the body, within its limit. */
  readonly text: string;
  /** Whose key was refused: the proxy's own is its operator's affair. */
  readonly isClientKey: boolean;
  readonly model: string;
}

export function readError(failure: UpstreamFailure): ProxyError {
  const { status, isClientKey, model } = failure;
  const { message, errorType } = readBody(failure.text);
  const cause = { status, message, errorType };
  switch (status) {
    case 400:
    case 413:
    case 422:
      return readRefusal(message, errorType, cause);
    case 401:
    case 403:
      if (!isClientKey) {
        return new ProxyError(
          'upstream_auth_failed',
          'Cohere refused the key that the proxy is configured with.',
          {
            cause,
          },
        );
      }
      return status === 401
        ? new ProxyError('invalid_api_key', 'Cohere refused this API key.', { cause })
        : new ProxyError('upstream_forbidden', 'Cohere does not allow this to your API key.', { cause });
    case 402:
      return new ProxyError('insufficient_quota', message ?? 'Cohere asks for a payment method.', { cause });
    case 404:
      return new ProxyError('model_not_found', message ?? `The model \`${model}\` does not exist.`, {
        param: 'model',
        cause,
      });
    case 429:
      return readRateLimit(message, failure.retryAfter, cause);
    case 498:
      return new ProxyError('upstream_rejected', message ?? 'Cohere refused the content of this request.', {
        cause,
      });
    case 504:
      return new ProxyError('upstream_timeout', 'Cohere ran out of time.', { cause });
    default:
      return new ProxyError('upstream_error', `Cohere failed with status ${status}.`, {
        cause,
        ...(status === 502 || status === 503 ? { repeat: 'as-is' } : {}),
      });
  }
}

function readBody(text: string): { message: string | undefined; errorType: string | undefined } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { message: undefined, errorType: undefined };
  }
  const { message, error_type } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  return {
    message:
      typeof message === 'string' && message !== ''
        ? message.replace(/\p{Cc}+/gu, ' ').slice(0, 500)
        : undefined,
    errorType: typeof error_type === 'string' ? error_type : undefined,
  };
}

const tooManyTokens = /too many tokens.*?exceeded by (\d+) tokens.*?limit for this model is (\d+) tokens/;

function readRefusal(message: string | undefined, errorType: string | undefined, cause: object): ProxyError {
  if (isGenerationFailure(errorType)) {
    // 422, but it is the model that failed. Some prompts fail every time: nobody should repeat for ever.
    return new ProxyError('upstream_error', `Cohere: ${message ?? errorType}`, {
      repeat: 'as-is',
      shouldRetry: false,
      cause,
    });
  }
  if (message === undefined)
    return new ProxyError('upstream_rejected', 'Cohere refused the request.', { cause });
  const tokens = tooManyTokens.exec(message);
  if (tokens) {
    const limit = Number(tokens[2]);
    return contextExceeded(limit, limit + Number(tokens[1]), { cause, repeat: 'shorter' });
  }
  if (/^too many tokens/.test(message)) {
    return new ProxyError('context_length_exceeded', message, { param: 'messages', cause });
  }
  if (/tool_choice is not supported/.test(message)) {
    return new ProxyError('upstream_rejected', message, {
      param: 'tool_choice',
      repeat: 'without-tool-choice',
      cause,
    });
  }
  if (/\bstrict_tools\b/.test(message)) {
    return new ProxyError('upstream_rejected', message, {
      param: 'tools',
      repeat: 'without-strict-tools',
      cause,
    });
  }
  if (/\bimages?\b|\bimage_url\b/i.test(message)) {
    return new ProxyError('upstream_rejected', message, {
      param: 'messages',
      repeat: 'without-images',
      cause,
    });
  }
  return new ProxyError('upstream_rejected', message, { cause });
}

function readRateLimit(
  message: string | undefined,
  retryAfter: string | undefined,
  cause: object,
): ProxyError {
  if (message !== undefined && /\/ ?month|per month|maximum billing/i.test(message)) {
    return new ProxyError('insufficient_quota', message, { cause });
  }
  // Cohere gives no Retry-After; a proxy in front of it may. The window rolls over a minute.
  const seconds = retryAfter === undefined ? Number.NaN : readRetryAfter(retryAfter);
  const retryAfterS = Number.isFinite(seconds) ? Math.min(60, Math.max(1, Math.ceil(seconds))) : undefined;
  return new ProxyError('rate_limit_exceeded', message ?? 'Cohere limits the rate of requests.', {
    cause,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}

/** Seconds, or an HTTP date. */
function readRetryAfter(value: string): number {
  return /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
}
