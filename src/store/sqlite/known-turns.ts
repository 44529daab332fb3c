// The newest turns of a session, by parts of their digests (R5): a repeat follows soon or never. Each version has one,
// so that the place tells the version.
import { hash } from 'node:crypto';

const remembered = 64;
const digestBytes = 8;

/** With one turn more. */
export function addTurn(turns: Uint8Array | undefined, id: string): Uint8Array {
  const kept = turns?.subarray(-(remembered - 1) * digestBytes) ?? new Uint8Array();
  return Buffer.concat([kept, digestOf(id)]);
}

/** The version that the session had with that turn; `version` is the last one's. */
export function findTurn(turns: Uint8Array | undefined, id: string, version: number): number | undefined {
  if (!turns) return undefined;
  const digest = digestOf(id);
  const all = Buffer.from(turns.buffer, turns.byteOffset, turns.byteLength);
  for (let end = all.length, at = version; end >= digestBytes; end -= digestBytes, at -= 1)
    if (digest.equals(all.subarray(end - digestBytes, end))) return at;
  return undefined;
}

function digestOf(id: string): Buffer {
  return hash('sha256', JSON.stringify(id), 'buffer').subarray(0, digestBytes);
}
