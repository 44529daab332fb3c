// What images cost beside the text. Only small ones were ever recorded; the rest is Cohere's documentation.
import type { CohereImageBlock, CohereMessage } from '../cohere/wire.ts';
import { images } from './figures.ts';
import { imageSize, type Size } from './image-size.ts';

export function countImages(message: CohereMessage): number {
  if (message.role !== 'user' || typeof message.content === 'string') return 0;
  let tokens = 0;
  for (const block of message.content) if (block.type === 'image_url') tokens += countImage(block);
  return tokens;
}

/** An image whose size cannot be seen counts as the largest. */
function countImage({ image_url: { url, detail } }: CohereImageBlock): number {
  const low = images.tile + images.frame;
  if (detail === 'low') return low;
  const { maxWidth, maxHeight, highFrom } = images;
  const size = imageSize(url) ?? { width: maxWidth, height: maxHeight };
  if (Math.max(size.width, size.height) <= (detail === 'high' ? images.tileSide : highFrom)) return low;
  const tiles = countTiles(size);
  return (tiles + 1) * images.tile + images.frame;
}

function countTiles({ width, height }: Size): number {
  const { maxWidth, maxHeight, tileSide } = images;
  const shrink = Math.min(1, maxWidth / width, maxHeight / height);
  return Math.ceil((width * shrink) / tileSide) * Math.ceil((height * shrink) / tileSide);
}
