// The child's end of a measurement: it says where it listens, and what it has used when it is asked.
import { performance } from 'node:perf_hooks';

export type Order =
  | { readonly type: 'usage' }
  /** Parses the text as JSON so many times: what a parse costs in this very process. */
  | { readonly type: 'parse'; readonly text: string; readonly times: number };

export type Report =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'parsed'; readonly cpuUs: number };

export interface Usage {
  /** User and system time of all threads since the start. */
  readonly cpuUs: number;
  readonly rssBytes: number;
  /** Wall time since the start in which the event loop was not waiting. */
  readonly busyMs: number;
}

export function announce(port: number): void {
  const report = (message: Report) => process.send?.(message);
  process.on('message', (order: Order) => {
    if (order.type === 'usage') {
      const usage: Usage = {
        cpuUs: cpuUs(),
        rssBytes: process.memoryUsage.rss(),
        busyMs: performance.eventLoopUtilization().active,
      };
      report({ type: 'usage', usage });
    } else {
      const before = cpuUs();
      for (let time = 0; time < order.times; time += 1) JSON.parse(order.text);
      report({ type: 'parsed', cpuUs: cpuUs() - before });
    }
  });
  // By `exit` and not by a signal, so that `--cpu-prof` writes its file.
  process.on('disconnect', () => process.exit(0));
  report({ type: 'ready', port });
}

function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
