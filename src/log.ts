// The log: one JSON object a line on stderr; stdout has only the banner. No key and no word of a conversation may
// ever stand in it, whoever forgets to think of it: values are judged by the name they are logged under.
import type { FastifyRequest, FastifyServerOptions } from 'fastify';
import type { LogLevel } from './config.ts';
import { type LogStream, stderrLog } from './log-stream.ts';

const secretName = /authorization|cookie|password|secret|token$|keys?$/i;
const textName = /^(messages?|content|text|prompt|reply|reasoning|arguments|documents|input|output|body)$/i;
const maxDepth = 5;

type LogDestination = Pick<LogStream, 'write'>;
type LoggerOptions = Exclude<FastifyServerOptions['logger'], boolean | undefined>;

/** What Fastify takes as `logger`. */
export function loggerOptions(level: LogLevel, stream: LogDestination = stderrLog()): LoggerOptions {
  return {
    level,
    stream,
    // Without process id and host name: whoever collects the lines knows where they come from.
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => censorEntries(fields, 0),
    },
    serializers: { err: describeOnce, req: describeRequest },
    hooks: { logMethod: sayNoErrorsWords },
  };
}

/** A line for the moment when there may be no logger. */
export function fatalLine(error: unknown, msg: string): string {
  return `${JSON.stringify({ level: 'fatal', time: new Date().toISOString(), err: describeError(error), msg })}\n`;
}

function censorEntries(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, censorSafely(name, value, depth)]),
  );
}

/** Anything may be thrown, and so be logged: also what throws when it is looked at. */
function censorSafely(name: string, value: unknown, depth: number): unknown {
  try {
    return censor(name, value, depth);
  } catch {
    return '[unreadable]';
  }
}

function censor(name: string, value: unknown, depth: number): unknown {
  // Numbers and booleans are counts and answers, never the thing itself: `tokens: 12`, `hasKey: true`.
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean')
    return value;
  if (secretName.test(name)) return '[secret]';
  if (textName.test(name)) return '[text]';
  if (typeof value !== 'object') return value;
  if (value instanceof Error) return describeError(value);
  if (depth >= maxDepth) return '[deep]';
  if (Array.isArray(value)) return value.map(entry => censorSafely('', entry, depth + 1));
  // Requests and replies are objects of a class; their serializers choose what is shown.
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? censorEntries(value, depth + 1) : value;
}

interface DescribedError {
  type: string;
  message: string;
  stack: string;
  [field: string]: unknown;
}

/** Chosen properties only: errors of clients and parsers carry requests, headers and bodies. */
function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: '', stack: '' };
  const { name: type, message, cause, stack = '' } = error;
  return {
    type,
    ...('code' in error ? { code: error.code } : {}),
    // A parser quotes what it read: `Unexpected token … in "the text"`.
    message: error instanceof SyntaxError ? '' : message,
    // Only the frames, since the stack begins with the message.
    stack: (String(stack).match(/^ +at .*$/gm) ?? []).join('\n'),
    ...(cause instanceof Error && depth < maxDepth ? { cause: describeError(cause, depth + 1) } : {}),
  };
}

/** The formatter comes before the serializers, so that most errors are described by now. */
function describeOnce(error: Error | DescribedError): DescribedError {
  return error instanceof Error ? describeError(error) : error;
}

/** Without words of the caller's, pino would take the error's own. */
function sayNoErrorsWords<Logger>(
  this: Logger,
  args: unknown[],
  log: (this: Logger, ...args: unknown[]) => void,
): void {
  const [first] = args;
  const isError = first instanceof Error || (typeof first === 'object' && first !== null && 'err' in first);
  log.apply(this, isError && args.length === 1 ? [first, 'failed'] : args);
}

/** The route's pattern and not the URL, which holds session ids, and whatever a client puts into a query. */
function describeRequest({ method, routeOptions }: FastifyRequest) {
  return { method, route: routeOptions.url };
}
