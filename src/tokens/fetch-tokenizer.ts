// A model's own tokenizer.json from the address that Cohere's list of models names. The address is data, so it is
// trusted little: https only, no redirects, so many bytes, so long.
import { Agent, type Dispatcher, request } from 'undici';

export interface FetchTokenizerOptions {
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Another way into the network. Not closed. */
  readonly dispatcher?: Dispatcher | undefined;
}

/** @throws Error where there is nothing, or too much, to be had */
export async function fetchTokenizer(
  url: string,
  { maxBytes, timeoutMs, signal, dispatcher }: FetchTokenizerOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  if (URL.parse(url)?.protocol !== 'https:') throw new Error('the address is not https');
  const agent = dispatcher ?? new Agent();
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      headers: { 'accept-encoding': 'identity' },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    // The loop throws what goes wrong while it reads. What comes after that would end the process.
    body.on('error', () => {});
    const chunks: Uint8Array[] = [];
    let length = 0;
    // Leaving the loop destroys the body.
    for await (const chunk of body) {
      if (statusCode !== 200) throw new Error(`the answer was ${statusCode}`);
      chunks.push(chunk);
      length += chunk.length;
      if (length > maxBytes) throw new Error(`the file is longer than ${maxBytes} bytes`);
    }
    if (statusCode !== 200) throw new Error(`the answer was ${statusCode}`);
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  } finally {
    if (!dispatcher) await agent.destroy();
  }
}
