// What names look like in the file. They may hold anything that a client sent.
import { hash } from 'node:crypto';
import type { SessionKey, Space } from '../../conversation/session.ts';
import { damaged } from './rows.ts';

/** SQLite keeps neither halves of surrogate pairs nor, everywhere, what comes after a zero. */
export function encodeName(name: string): string {
  return name.isWellFormed() && !name.includes('\0') && !name.startsWith('"') ? name : JSON.stringify(name);
}

export function decodeName(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    throw damaged('a name');
  }
}

/** No user is not the empty one. */
export function encodeUser(user: string | undefined): string {
  return user === undefined ? '' : `u${encodeName(user)}`;
}

export function decodeUser(text: string): string | undefined {
  return text === '' ? undefined : decodeName(text.slice(1));
}

const digestBytes = 16;

/** A name that is told to nobody: of a session, a mark or a claim. */
export function digestOf({ owner, user }: Space, name: string): Uint8Array {
  const whole = JSON.stringify(user === undefined ? [owner, name] : [owner, name, user]);
  return hash('sha256', whole, 'buffer').subarray(0, digestBytes);
}

export const ownerDigest = ({ owner }: Space): Uint8Array => digestOf({ owner, user: undefined }, '');

export const sessionDigest = (key: SessionKey): Uint8Array => digestOf(key, key.id);

/** The last 52 bits of a digest: as many as a number holds, and few hints share one. */
export function hintNumber(digest: string): number {
  const bytes = Buffer.from(digest.slice(-12), 'base64url');
  return bytes.readUInt32BE(2) * 2 ** 20 + (bytes.readUIntBE(6, 3) & 0xfffff);
}
