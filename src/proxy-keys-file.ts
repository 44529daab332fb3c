// The file of the proxy keys, read again whenever it has changed: written anew, renamed over, or reached through a link
// that leads elsewhere now. One that cannot be read, or not as a whole, changes nothing.
import { realpathSync, statSync, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { textFileBytes } from './limits.ts';
import { type ParsedProxyKeys, type ProxyKey, parseProxyKeys } from './proxy-keys.ts';
import { readSmallFile, whyUnreadable } from './read-file.ts';

export interface WatchProxyKeysOptions {
  readonly seen: string;
  readonly onKeys: (keys: readonly ProxyKey[]) => void;
  /** The old keys stay. Names lines of the file, never what stands in them. */
  readonly onProblem: (problems: readonly string[]) => void;
}

export interface WatchedProxyKeys {
  /** Reads it now, whether it has changed or not; tells its keys or its problem. */
  reload(): void;
  close(): void;
}

/** Some file systems tell of no change, so that the file is looked at all the same. */
const lookMs = 1_000;
/** A file that changed may still be being written: it is read when it has stayed as it is for so long. */
const settleMs = 250;

export interface ReadProxyKeys extends ParsedProxyKeys {
  /** How the file looked before it was read. */
  readonly seen: string;
}

export function readProxyKeysFile(path: string): ReadProxyKeys {
  const seen = lookSync(path);
  try {
    return { ...parseProxyKeys(readSmallFile(path, textFileBytes)), seen };
  } catch (error) {
    return { keys: [], problems: [`cannot be read (${whyUnreadable(error)})`], seen };
  }
}

/** What its owner should know: who else may read the keys, or put others in their place. */
export function proxyKeysFileWarnings(path: string): string[] {
  // Windows has no such modes.
  if (process.platform === 'win32') return [];
  try {
    const file = statSync(path).mode;
    const places = new Set([dirname(path), dirname(realpathSync(path))]);
    // With the sticky bit nobody replaces what is another's.
    const isOpen = [...places].some(place => isOpenTo(statSync(place).mode, 0o022, 0o1000));
    return [
      ...(isOpenTo(file, 0o066) ? [`${othersMay(file)} the file of the proxy keys: chmod 600 it`] : []),
      ...(isOpen ? ['others can replace the file of the proxy keys: chmod go-w its directory'] : []),
    ];
  } catch {
    // Whoever reads it says what is wrong.
    return [];
  }
}

function othersMay(mode: number): string {
  return isOpenTo(mode, 0o022) ? 'others can change' : 'others can read';
}

function isOpenTo(mode: number, bits: number, unless = 0): boolean {
  return (mode & bits) !== 0 && (mode & unless) === 0;
}

/** Tells what has changed since it was read (`seen`). */
export function watchProxyKeysFile(
  path: string,
  { seen: first, onKeys, onProblem }: WatchProxyKeysOptions,
): WatchedProxyKeys {
  let seen = first;
  let read = first;
  let isClosed = false;
  let isLooking = false;
  let settling: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    if (isLooking || isClosed) return;
    isLooking = true;
    const now = await lookAt(path);
    isLooking = false;
    if (isClosed) return;
    if (now !== seen) {
      seen = now;
      clearTimeout(settling);
      settling = setTimeout(settle, settleMs);
    } else if (now !== read && !settling) settling = setTimeout(settle, settleMs);
  }

  async function settle(): Promise<void> {
    settling = undefined;
    const now = await lookAt(path);
    if (isClosed) return;
    if (now === seen) take();
    else void look();
  }

  function take(): void {
    const { keys, problems, seen: before } = readProxyKeysFile(path);
    // Written while it was read: the next look finds it.
    if (lookSync(path) !== before) return;
    seen = before;
    read = before;
    if (problems.length > 0) onProblem(problems);
    else onKeys(keys);
  }

  const timer = setInterval(look, lookMs).unref();
  const watcher = watchDirectory(path, () => void look());
  return {
    reload() {
      clearTimeout(settling);
      settling = undefined;
      take();
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      clearTimeout(settling);
      watcher?.close();
    },
  };
}

/** The directory and not the file, which may be replaced. Where it cannot be watched the looks have to do. */
function watchDirectory(path: string, onChange: () => void): { close(): void } | undefined {
  try {
    const watcher = watch(dirname(path), { persistent: false }, onChange);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}

interface Seen {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

const nameOf = ({ dev, ino, size, mtimeNs, ctimeNs }: Seen) => [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** How the file looks that stands there, wherever links lead; or that there is none. */
async function lookAt(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(nameOf, whyUnreadable);
}

function lookSync(path: string): string {
  try {
    return nameOf(statSync(path, { bigint: true }));
  } catch (error) {
    return whyUnreadable(error);
  }
}
