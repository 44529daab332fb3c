// What is wrong with an answer, whatever was asked: a failure has OpenAI's shape and is no fault of the proxy's own, a
// success can be read, and what broke off does not look complete.
import type { RawResponse } from '../support/raw-client.ts';

export function wrongWith({ status, headers, body, ending }: RawResponse, method: string): string[] {
  if (method === 'HEAD') return [];
  if (status === 204 && body === '') return [];
  if (status >= 300 && status < 400) return [`the status ${status}`];
  const type = headers['content-type'] ?? '';
  if (status >= 400) {
    if (ending === 'cut') return ['an error that breaks off'];
    return type.startsWith('application/json') ? wrongError(body) : [`an error of type ${type}`];
  }
  if (type.startsWith('text/event-stream')) return wrongStream(body, ending === 'complete');
  if (ending === 'cut') return type.startsWith('application/jsonl') ? [] : ['an answer that breaks off'];
  if (type.startsWith('application/jsonl'))
    return body
      .split('\n')
      .filter(line => line !== '' && parse(line) === undefined)
      .map(line => `a line that is no JSON: ${line}`);
  if (!type.startsWith('application/json')) return [`an answer of type ${type}`];
  return parse(body) === undefined ? [`no JSON: ${body}`] : [];
}

function wrongStream(body: string, isComplete: boolean): string[] {
  const data = body
    .split('\n')
    .filter(line => line.startsWith('data: '))
    .map(line => line.slice('data: '.length));
  const isDone = data.at(-1) === '[DONE]';
  const frames = isDone ? data.slice(0, -1) : data;
  const wrong = frames.flatMap(frame => {
    const read = parse(frame);
    if (read === undefined) return [`a frame that is no JSON: ${frame}`];
    return 'error' in Object(read) ? wrongError(frame) : [];
  });
  const hasError = frames.some(frame => 'error' in Object(parse(frame)));
  if (isDone === hasError) wrong.push(isDone ? 'an error and [DONE]' : 'neither an error nor [DONE]');
  if (isComplete !== isDone)
    wrong.push(isComplete ? 'a clean end without [DONE]' : '[DONE] without a clean end');
  return wrong;
}

function wrongError(text: string): string[] {
  const read: unknown = Object(parse(text)).error;
  const { message, type, param, code } = Object(read) as Partial<Record<string, unknown>>;
  const isShaped =
    typeof message === 'string' &&
    message !== '' &&
    typeof type === 'string' &&
    (param === null || typeof param === 'string') &&
    typeof code === 'string' &&
    /^[a-z_]+$/.test(code);
  if (!isShaped) return [`an error of another shape: ${text}`];
  return code === 'internal_error' ? [`an error of the proxy's own: ${text}`] : [];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
