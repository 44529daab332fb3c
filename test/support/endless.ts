// Bodies that are made while they are sent, so that a test can tell how much was produced.
import type { Step } from './upstream-script.ts';

export interface Endless {
  readonly step: Step;
  /** Bytes handed to the connection so far. */
  readonly producedBytes: number;
}

/** @param maxBytes where a test that has failed ends all the same */
export function endless(piece: string, maxBytes: number): Endless {
  const bytes = Buffer.from(piece);
  let producedBytes = 0;
  function* make(): Generator<Uint8Array, undefined> {
    while (producedBytes < maxBytes) {
      producedBytes += bytes.length;
      yield bytes;
    }
  }
  // A script's pieces are an array, and all that is done with it is to go through it.
  const pieces: Uint8Array[] = Object.assign([], { [Symbol.iterator]: make });
  return {
    step: { type: 'body', pieces },
    get producedBytes() {
      return producedBytes;
    },
  };
}
