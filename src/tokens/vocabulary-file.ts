// A vocabulary as tables that can be used as they lie in a file: parsing a tokenizer.json takes a second and 200 MB,
// reading this back takes milliseconds. Layout: magic and version, digest of all that follows, length of the head,
// head (JSON), tables. The digest finds damage and half files; the head's `source` finds another vocabulary's file.
import { hash } from 'node:crypto';

export interface SpecialToken {
  readonly content: string;
  readonly id: number;
}

export interface Vocabulary {
  /** For a `PairTable`. Symbols 0…255 are bytes, the rest tokens that a merge makes. */
  readonly pairSlots: Uint32Array;
  /** The symbol that a merge makes, by its rank. */
  readonly made: Uint32Array;
  /** The id of a symbol in the vocabulary. */
  readonly ids: Uint32Array;
  readonly specialTokens: readonly SpecialToken[];
}

interface Head {
  readonly source: string;
  readonly pairSlots: number;
  readonly made: number;
  readonly ids: number;
  readonly specialTokens: readonly SpecialToken[];
}

// Written as a native number: on a machine of the other byte order it reads as a stranger.
const magic = 0x6b745043;
const version = 1;
const digestBytes = 32;
const headLengthAt = 8 + digestBytes;
const headAt = headLengthAt + 4;

/** @param source what the file is made from; only who asks for the same source can read it */
export function writeVocabulary(vocabulary: Vocabulary, source: string): Uint8Array<ArrayBuffer> {
  const { pairSlots, made, ids, specialTokens } = vocabulary;
  const head: Head = {
    source,
    pairSlots: pairSlots.length,
    made: made.length,
    ids: ids.length,
    specialTokens,
  };
  const json = Buffer.from(JSON.stringify(head));
  // Blanks at its end bring the tables to a multiple of four.
  const headLength = Math.ceil(json.length / 4) * 4;
  const tables = [pairSlots, made, ids];
  const length = tables.reduce((sum, table) => sum + table.byteLength, headAt + headLength);
  const bytes = new Uint8Array(length);
  new Uint32Array(bytes.buffer, 0, 2).set([magic, version]);
  new Uint32Array(bytes.buffer, headLengthAt, 1)[0] = headLength;
  bytes.fill(0x20, headAt, headAt + headLength).set(json, headAt);
  let at = headAt + headLength;
  for (const table of tables) {
    new Uint32Array(bytes.buffer, at, table.length).set(table);
    at += table.byteLength;
  }
  bytes.set(digestOf(bytes), 8);
  return bytes;
}

/** The vocabulary, its tables being views of `bytes`; undefined for a damaged, foreign or older file. */
export function readVocabulary(bytes: Uint8Array, source: string): Vocabulary | undefined {
  if (bytes.byteLength < headAt || bytes.byteLength % 4 !== 0) return undefined;
  // A view that begins anywhere has to be copied.
  if (bytes.byteOffset % 4 !== 0) bytes = new Uint8Array(bytes);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  if (words[0] !== magic || words[1] !== version) return undefined;
  if (!digestOf(bytes).equals(bytes.subarray(8, headLengthAt))) return undefined;
  const headLength = words[headLengthAt / 4] ?? 0;
  // Whole and of our making, as the digest says: the head can be trusted.
  const head: Head = JSON.parse(Buffer.from(bytes.subarray(headAt, headAt + headLength)).toString());
  if (head.source !== source) return undefined;
  let at = (headAt + headLength) / 4;
  const take = (length: number): Uint32Array => {
    at += length;
    return words.subarray(at - length, at);
  };
  return {
    pairSlots: take(head.pairSlots),
    made: take(head.made),
    ids: take(head.ids),
    specialTokens: head.specialTokens,
  };
}

function digestOf(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes.subarray(headLengthAt), 'buffer');
}
