// Events onto the wire, one at a time, as fast as the client reads.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrokenStream } from './break-stream.ts';
import type { StreamEvent } from './stream-events.ts';

interface StreamReply extends BrokenStream {
  readonly paceMs: number;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

/** Resolves when the stream is out, broken as asked, or the client has gone. */
export async function writeStream(response: ServerResponse, reply: StreamReply): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of reply.events) {
    const mustWait = !response.write(frame(event));
    if (mustWait) await quiet(once(response, 'drain', { signal: reply.signal }));
    if (reply.paceMs > 0) await quiet(sleep(reply.paceMs, undefined, { signal: reply.signal }));
    if (reply.signal.aborted || response.destroyed) return;
  }
  switch (reply.ending) {
    case 'done':
      response.end('data: [DONE]\n\n');
      return;
    case 'end':
      response.end();
      return;
    case 'destroy':
      // What was written must arrive first: an empty write is done after all before it.
      response.write('', () => response.destroy());
      return;
    case 'silence':
  }
}

function frame(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** An abort is no failure: the loop looks at the signal next. */
async function quiet(wait: Promise<unknown>): Promise<void> {
  await wait.catch(() => undefined);
}
