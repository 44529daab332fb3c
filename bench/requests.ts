// What clients send, made once. With the headers of the official client, since most requests come from it.
import { answerText, models } from './answers.ts';

const headers = [
  'POST /v1/chat/completions HTTP/1.1',
  'host: 127.0.0.1',
  'accept: application/json',
  'user-agent: OpenAI/JS 6.49.0',
  'x-stainless-retry-count: 0',
  'x-stainless-lang: js',
  'x-stainless-package-version: 6.49.0',
  'x-stainless-os: Linux',
  'x-stainless-arch: x64',
  'x-stainless-runtime: node',
  'x-stainless-runtime-version: v24.21.0',
  'authorization: Bearer bench',
  'content-type: application/json',
  'accept-encoding: gzip, deflate',
].join('\r\n');

/** `model` comes first where there is one: the upstream looks for it there. */
export function chatRequest(body: object): Buffer {
  const text = JSON.stringify(body);
  return Buffer.from(`${headers}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}

const question = 'What do you make of the second item on the list?';

export const stateless = chatRequest({
  model: models.json,
  messages: [
    { role: 'system', content: 'You are a helpful assistant. Be brief.' },
    { role: 'user', content: question },
  ],
});

export function streamed(model: string): Buffer {
  return chatRequest({ model, stream: true, messages: [{ role: 'user', content: question }] });
}

export const firstOfSession = chatRequest({ model: models.json, message: question });

export function namedSession(sessionId: string): Buffer {
  return chatRequest({ model: models.json, sessionId, message: question });
}

export function nextOfSession(sessionId: string, extra: object = {}): Buffer {
  return chatRequest({ sessionId, message: question, ...extra });
}

type Message = { readonly role: 'user' | 'assistant'; readonly content: string };

/** So many exchanges, without the answer to the last. */
export function exchanges(count: number, filler = ''): Message[] {
  const messages: Message[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    messages.push({ role: 'user', content: `${turn}. ${question}${filler}` });
    if (turn < count - 1) messages.push({ role: 'assistant', content: `${turn}. ${answerText}${filler}` });
  }
  return messages;
}
