/** Where to cut: the positions of the cuts, or after each byte. */
export type SplitAt = readonly number[] | 'every-byte';

export function splitBytes(bytes: Uint8Array, splitAt: SplitAt = []): Uint8Array[] {
  if (splitAt === 'every-byte') return Array.from(bytes, byte => Uint8Array.of(byte));
  const cuts = [...new Set(splitAt)].filter(cut => cut > 0 && cut < bytes.length).sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}
