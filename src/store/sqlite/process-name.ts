// Which process holds something, so that what a process that is gone held is free at once.
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** This machine since it was started, and within it who sees the same processes. */
function readMachine(): string {
  const parts = [hostname()];
  try {
    parts.push(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'), readlinkSync('/proc/self/ns/pid'));
  } catch {
    // Not Linux: the name has to do.
  }
  return createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 12);
}

/** When a process began: another one may have its number by now. Undefined if it is gone. */
function readStart(pid: number): string | undefined {
  try {
    const [state, ...fields] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return state === 'Z' || state === 'X' ? undefined : fields[18];
  } catch {
    return undefined;
  }
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It may be another user's.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

const machine = readMachine();
const ownStart = readStart(process.pid) ?? '';

export const processName = `${machine}.${process.pid}.${ownStart}`;

/** True only where that is certain. */
export function isProcessGone(name: string): boolean {
  if (name === processName) return false;
  const [where, pid, start] = name.split('.');
  if (where !== machine || !/^\d+$/.test(pid ?? '')) return false;
  if (!isThere(Number(pid))) return true;
  return ownStart !== '' && readStart(Number(pid)) !== start;
}
