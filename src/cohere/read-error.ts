// An answer of Cohere's that is no success → ProxyError. Bodies may be JSON of many shapes, plain text, HTML or nothing:
// gateways before Cohere answer too. Only the sentence about the request is passed on, and cut.
import { contextExceeded, ProxyError, type UpstreamSaid } from '../conversation/errors.ts';
import { generationFailure, isGenerationFailure } from './read-answer.ts';
import { readSentence } from './read-sentence.ts';
import { namedOption, paramOf } from './refused-options.ts';

export interface UpstreamFailure {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** What came of the body, within its limit. */
  readonly text: string;
  /** Whose key was refused: the proxy's own is its operator's affair. */
  readonly isClientKey: boolean;
  readonly model: string;
  /** What the request asked for beside its messages, in Cohere's names. */
  readonly options?: readonly string[];
  /** What of the sentence may stand in the log. */
  readonly forLog: (sentence: string) => string | undefined;
}

export function readError(failure: UpstreamFailure): ProxyError {
  const { status, model } = failure;
  const { sentence, errorType } = readBody(failure.text);
  const said = sentence === undefined ? undefined : failure.forLog(sentence);
  const upstream: UpstreamSaid = { status, said, errorType };
  switch (status) {
    case 400:
    case 422:
      return readRefusal(failure, sentence, errorType, upstream);
    case 413: {
      const refusal = readRefusal(failure, sentence, errorType, upstream);
      if (refusal.code !== 'upstream_rejected' || refusal.repeat) return refusal;
      return new ProxyError('request_too_large', sentence ?? 'The request is larger than Cohere takes.', {
        upstream,
      });
    }
    case 401:
    case 403:
      return readKeyRefusal(failure, sentence, upstream);
    case 402:
      return new ProxyError('insufficient_quota', sentence ?? 'Cohere asks for a payment method.', {
        upstream,
      });
    case 404:
      if (isOfAnotherServer(failure.text))
        return new ProxyError(
          'upstream_not_found',
          'There is no chat API of Cohere at the address that is asked.',
          {
            upstream,
          },
        );
      return new ProxyError('model_not_found', sentence ?? `The model \`${model}\` does not exist.`, {
        param: 'model',
        upstream,
      });
    case 429:
      return readRateLimit(sentence, failure.retryAfter, upstream);
    case 498:
      return new ProxyError('upstream_rejected', sentence ?? 'Cohere refused the content of this request.', {
        upstream,
      });
    case 504:
      return new ProxyError('upstream_timeout', 'Cohere ran out of time.', {
        upstream,
        ...retryAfterOf(failure.retryAfter),
      });
    default:
      // What is refused now will be refused again; clients repeat nearly all from 500 on.
      if (status < 500 && !passingStatuses.has(status)) {
        const words = sentence ?? `Cohere refused the request with status ${status}.`;
        return new ProxyError('upstream_rejected', words, { upstream });
      }
      // What Cohere says of its own insides is for the log.
      return new ProxyError('upstream_error', `Cohere failed with status ${status}.`, {
        upstream,
        ...retryAfterOf(failure.retryAfter),
        ...(status === 502 || status === 503 ? { repeat: 'as-is' } : {}),
      });
  }
}

/** Timeout, conflict, too early, and a request that was given up on its way. */
const passingStatuses = new Set([408, 409, 425, 499]);

function readKeyRefusal(
  { status, isClientKey }: UpstreamFailure,
  sentence: string | undefined,
  upstream: UpstreamSaid,
): ProxyError {
  const said = sentence === undefined ? '' : ` Cohere: ${withoutMaskedKeys(sentence)}`;
  // The client can do nothing about it, and neither can a repeat.
  if (!isClientKey) {
    const words = `Cohere refused the key that the proxy is configured with.${said}`;
    return new ProxyError('upstream_auth_failed', words, { upstream });
  }
  return status === 401
    ? new ProxyError('invalid_api_key', `Cohere refused this API key.${said}`, { upstream })
    : new ProxyError('upstream_forbidden', `Cohere does not allow this to your API key.${said}`, {
        upstream,
      });
}

/** `****6789`: the end of a key is nobody's business either. */
function withoutMaskedKeys(sentence: string): string {
  return sentence.replace(/\S*\*{2,}\S*/g, '[key]');
}

/** A page, or a line, of a server that knows no such path. */
function isOfAnotherServer(text: string): boolean {
  if (text.trim() === '') return false;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

function readBody(text: string): { sentence: string | undefined; errorType: string | undefined } {
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // A page says nothing to a client, and neither does JSON that was cut.
    if (/^\s*[<{[]/.test(text)) return { sentence: undefined, errorType: undefined };
  }
  return { sentence: readSentence(body), errorType: readErrorType(body) };
}

function readErrorType(body: unknown): string | undefined {
  const { error_type, error } = Object(body) as Record<string, unknown>;
  if (typeof error_type === 'string') return error_type;
  const { error_type: inner, type } = Object(error) as Record<string, unknown>;
  return [inner, type].find(value => typeof value === 'string');
}

const tooManyTokens = /too many tokens.*?exceeded by (\d+) tokens.*?limit for this model is (\d+) tokens/;

function readRefusal(
  { options = [] }: UpstreamFailure,
  message: string | undefined,
  errorType: string | undefined,
  upstream: UpstreamSaid,
): ProxyError {
  if (isGenerationFailure(errorType, message)) return generationFailure(message ?? errorType ?? '', upstream);
  if (message === undefined)
    return new ProxyError('upstream_rejected', 'Cohere refused the request.', { upstream });
  const tokens = tooManyTokens.exec(message);
  if (tokens) {
    const limit = Number(tokens[2]);
    return contextExceeded(limit, limit + Number(tokens[1]), { upstream, repeat: 'shorter' });
  }
  if (/^too many tokens/.test(message)) {
    return new ProxyError('context_length_exceeded', message, { param: 'messages', upstream });
  }
  const option = namedOption(message, options);
  if (option && !option.isNeeded) {
    const repeat = { without: option.name };
    return new ProxyError('upstream_rejected', message, { param: paramOf(option.name), repeat, upstream });
  }
  if (/\bimages?\b|\bimage_url\b/i.test(message)) {
    return new ProxyError('upstream_rejected', message, {
      param: 'messages',
      repeat: 'without-images',
      upstream,
    });
  }
  const named = option?.name ?? (errorType === 'TOOL_USE_NOT_SUPPORTED' ? 'tools' : undefined);
  return new ProxyError('upstream_rejected', message, {
    ...(named === undefined ? {} : { param: paramOf(named) }),
    upstream,
  });
}

function readRateLimit(
  message: string | undefined,
  retryAfter: string | undefined,
  upstream: UpstreamSaid,
): ProxyError {
  if (message !== undefined && /\/ ?month|per month|maximum billing/i.test(message)) {
    return new ProxyError('insufficient_quota', message, { upstream });
  }
  // Cohere gives no Retry-After; a proxy in front of it may.
  return new ProxyError('rate_limit_exceeded', message ?? 'Cohere limits the rate of requests.', {
    upstream,
    ...retryAfterOf(retryAfter),
  });
}

/** Far beyond any sense: a month. */
const maxRetryAfterS = 31 * 24 * 60 * 60;

/** Seconds, or an HTTP date; never too early. */
function retryAfterOf(value: string | undefined): { retryAfterS?: number } {
  if (value === undefined) return {};
  const seconds = /^-?\d+(\.\d+)?$/.test(value.trim())
    ? Number(value)
    : (Date.parse(value) - Date.now()) / 1000;
  if (!Number.isFinite(seconds)) return {};
  return { retryAfterS: Math.min(maxRetryAfterS, Math.max(1, Math.ceil(seconds))) };
}
