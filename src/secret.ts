// The secret that keys owners' hashes, where none was configured: made once, kept in the data directory. Losing it
// loses the sessions, since every client key would then hash to another owner.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './config.ts';
import { expandHome } from './data-dir.ts';
import { textFileBytes } from './limits.ts';
import { readSmallFile, whyUnreadable } from './read-file.ts';

const fileName = 'proxy-secret';

/** Reads the secret in the data directory; makes both if they are not there. Synchronous: part of the start. */
export function loadSecret(dataDir: string): string {
  const directory = expandHome(dataDir);
  const path = join(directory, fileName);
  try {
    return check(read(path) ?? make(directory, path));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw problem(
      `the secret cannot be kept there (${whyUnreadable(error)}); choose another directory or set PROXY_SECRET`,
    );
  }
}

function read(path: string): string | undefined {
  try {
    return readSmallFile(path, textFileBytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function make(directory: string, path: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const secret = `${randomBytes(32).toString('hex')}\n`;
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, secret);
    fsyncSync(file);
    // A link appears whole, and fails where another process was first; then that one's secret is ours.
    linkSync(draft, path);
    return secret;
  } catch (error) {
    const winner =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' ? read(path) : undefined;
    if (winner === undefined) throw error;
    return winner;
  } finally {
    closeSync(file);
    rmSync(draft, { force: true });
  }
}

function check(content: string): string {
  const secret = content.trim();
  if (!/^[0-9a-f]{64}$/.test(secret)) {
    throw problem(
      `the file ${fileName} does not hold 64 hexadecimal digits; restore it, or remove it to make a new one`,
    );
  }
  return secret;
}

function problem(text: string): ConfigError {
  return new ConfigError([{ option: 'dataDir', text }]);
}
