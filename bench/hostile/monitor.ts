// Inside the measured process (`--import`): the longest time for which the event loop took no turn, and the memory that a
// request took beyond what was there before it. CPU of the loop's own thread, so that a busy machine changes little.
import { readFileSync, writeFileSync } from 'node:fs';

export interface Figures {
  /** CPU of the thread between two turns of the loop, at most. */
  readonly pauseMs: number;
  /** The same on the clock: more where the machine is busy, or where the loop waited for something else. */
  readonly wallMs: number;
  readonly memoryBytes: number;
}

/** What is held, after all that is not was thrown away. */
export interface Held {
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly sockets: number;
  readonly timers: number;
  /** Since the last look. */
  readonly pauseMs: number;
}

export type MonitorOrder = 'begin' | 'end' | 'look';

const tickMs = 1;
let pauseUs = 0;
let wallMs = 0;
let heapBytes = 0;
let baseHeap = 0;
let baseRss = 0;
let tickedMs = performance.now();
let tickedUs = threadUs();

function threadUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function heap(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function tick(): void {
  const [nowMs, nowUs] = [performance.now(), threadUs()];
  pauseUs = Math.max(pauseUs, nowUs - tickedUs);
  wallMs = Math.max(wallMs, nowMs - tickedMs - tickMs);
  if (nowMs - tickedMs > 5) heapBytes = Math.max(heapBytes, heap());
  tickedMs = performance.now();
  tickedUs = threadUs();
}

/** Of the whole process, since the kernel was last told to begin anew; 0 where there is no such kernel. */
function peakRss(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function begin(): void {
  globalThis.gc?.();
  globalThis.gc?.();
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux: the heap alone is looked at.
  }
  baseRss = process.memoryUsage.rss();
  baseHeap = heap();
  heapBytes = baseHeap;
  pauseUs = 0;
  wallMs = 0;
  tickedMs = performance.now();
  tickedUs = threadUs();
}

setInterval(tick, tickMs).unref();

function look(): Held {
  const longestMs = pauseUs / 1000;
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (name: string) => resources.filter(resource => resource === name).length;
  pauseUs = 0;
  tickedMs = performance.now();
  tickedUs = threadUs();
  return {
    heapBytes: heapUsed,
    rssBytes: rss,
    sockets: count('TCPSocketWrap'),
    timers: count('Timeout'),
    pauseMs: longestMs,
  };
}

process.on('message', (order: MonitorOrder) => {
  if (order === 'look') {
    process.send?.(look());
    return;
  }
  if (order === 'begin') begin();
  // What is left of the last turn is still to be seen.
  setTimeout(() => {
    const rss = peakRss();
    const figures: Figures = {
      pauseMs: pauseUs / 1000,
      wallMs,
      memoryBytes: rss === 0 ? heapBytes - baseHeap : rss - baseRss,
    };
    process.send?.(figures);
  }, 2);
});
process.channel?.unref();
process.on('disconnect', () => process.exit(0));
