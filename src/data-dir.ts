import { homedir } from 'node:os';

/** A leading `~/` is the home directory. */
export function expandHome(path: string): string {
  return path.replace(/^~(?=\/|$)/, () => homedir());
}
