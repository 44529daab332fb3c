// What a client sees of a stream, collected. For tests whose client behaves well.

export interface ReadSse {
  /** The JSON of each `data:` frame, in order, without `[DONE]`. */
  readonly frames: readonly unknown[];
  /** `[DONE]` came, and nothing after it. */
  readonly isDone: boolean;
  /** The connection broke before the body's end. */
  readonly isBroken: boolean;
}

export async function readSse(response: Response): Promise<ReadSse> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    throw new Error(`not a stream: ${response.status} ${await response.text()}`);
  }
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let isBroken = false;
  try {
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  } catch {
    isBroken = true;
  }
  return { ...parseFrames(text), isBroken };
}

/** @throws where a line is neither a `data:` line nor a comment: OpenAI's chat stream has no others. */
export function parseFrames(text: string): { frames: unknown[]; isDone: boolean } {
  const frames: unknown[] = [];
  let isDone = false;
  for (const block of text.split('\n\n')) {
    if (block === '' || block.startsWith(':')) continue;
    if (!block.startsWith('data: ') || block.includes('\n'))
      throw new Error(`an odd frame: ${JSON.stringify(block)}`);
    if (isDone) throw new Error(`a frame after [DONE]: ${block}`);
    const data = block.slice('data: '.length);
    if (data === '[DONE]') isDone = true;
    else frames.push(JSON.parse(data));
  }
  return { frames, isDone };
}
