// A clock for tests of time limits that fault and answer share one process with the proxy: a millisecond passes with
// each turn of the event loop. What happens before a limit and what after it then does not depend on how busy the
// machine is, and a limit of seconds costs milliseconds.
import { onTestFinished, vi } from 'vitest';

/** Call it before the proxy starts. Child processes and threads keep the real time: it is not for them. */
export function passTimeByTurns(): void {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  });
  let isOver = false;
  const turn = () => {
    if (isOver) return;
    vi.advanceTimersByTime(1);
    setImmediate(turn);
  };
  setImmediate(turn);
  onTestFinished(() => {
    isOver = true;
    vi.useRealTimers();
  });
}
