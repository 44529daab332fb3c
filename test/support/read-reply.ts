// An answer of the proxy, as OpenAI describes answers, or a failing test.
import { expect } from 'vitest';
import { collectChunks, type OpenAiReply, readCompletion } from './openai-reply.ts';
import { openAiComplaints } from './openai-schema.ts';
import { readJson } from './read-json.ts';
import { readSse } from './read-sse.ts';

export async function readReply(response: Response, stream: boolean): Promise<OpenAiReply> {
  if (!stream) {
    const body = await readJson(response, 200);
    expect(openAiComplaints('CreateChatCompletionResponse', body)).toEqual([]);
    return readCompletion(body);
  }
  const { frames, isDone, isBroken } = await readSse(response);
  for (const frame of frames)
    expect(openAiComplaints('CreateChatCompletionStreamResponse', frame)).toEqual([]);
  expect({ isDone, isBroken }).toEqual({ isDone: true, isBroken: false });
  return collectChunks(frames);
}

/** A stream that failed after it began: good chunks, the error, and no end that a client could take for a good one. */
export async function readBrokenStream(
  response: Response,
): Promise<{ code: string; chunks: readonly unknown[] }> {
  const { frames, isDone, isBroken } = await readSse(response);
  const failure = frames.at(-1);
  const chunks = frames.slice(0, -1);
  expect(openAiComplaints('ErrorResponse', failure)).toEqual([]);
  for (const chunk of chunks)
    expect(openAiComplaints('CreateChatCompletionStreamResponse', chunk)).toEqual([]);
  expect({ isDone, isBroken }).toEqual({ isDone: false, isBroken: true });
  expect(() => collectChunks(chunks)).toThrow('no finish reason');
  return { code: (failure as { error: { code: string } }).error.code, chunks };
}

export interface ExpectedError {
  readonly status: number;
  readonly code: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A part of the body. */
  readonly text?: string;
}

/** Whatever is refused comes in OpenAI's shape, and without the proxy's key. */
export async function expectError(
  response: Response,
  { status, code, headers = {}, text = '' }: ExpectedError,
): Promise<void> {
  const body = await readJson(response, status);
  expect(body).toMatchObject({ error: { code } });
  expect(openAiComplaints('ErrorResponse', body)).toEqual([]);
  expect(JSON.stringify(body)).toContain(text);
  expect(JSON.stringify(body)).not.toContain('test-key');
  for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name), name).toBe(value);
}
