import { describe, expect, it } from 'vitest';
import type { CohereImageBlock } from '../cohere/wire.ts';
import { countImages } from './image-tokens.ts';

function tokens(url: string, detail?: 'auto' | 'low' | 'high'): number {
  const block: CohereImageBlock = { type: 'image_url', image_url: { url, ...(detail ? { detail } : {}) } };
  return countImages({ role: 'user', content: [block] });
}

function dataUrl(type: string, bytes: Buffer): string {
  return `data:image/${type};base64,${bytes.toString('base64')}`;
}

function png(width: number, height: number): string {
  const head = Buffer.alloc(33);
  head.write('\x89PNG\r\n\x1a\n', 'latin1');
  head.writeUInt32BE(width, 16);
  head.writeUInt32BE(height, 20);
  return dataUrl('png', head);
}

function jpeg(width: number, height: number): string {
  const comment = Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, 6, 1, 2, 3, 4]);
  const frame = Buffer.alloc(20);
  frame.set([0xff, 0xc0, 0, 17, 8]);
  frame.writeUInt16BE(height, 5);
  frame.writeUInt16BE(width, 7);
  return dataUrl('jpeg', Buffer.concat([comment, frame]));
}

function gif(width: number, height: number): string {
  const head = Buffer.alloc(13);
  head.write('GIF89a', 'latin1');
  head.writeUInt16LE(width, 6);
  head.writeUInt16LE(height, 8);
  return dataUrl('gif', head);
}

function webp(width: number, height: number): string {
  const head = Buffer.alloc(30);
  head.write('RIFF    WEBPVP8X', 'latin1');
  head.writeUIntLE(width - 1, 24, 3);
  head.writeUIntLE(height - 1, 27, 3);
  return dataUrl('webp', head);
}

const largest = 13 * 256 + 3;

describe('image tokens', () => {
  it('are what was recorded for a small picture', () => {
    expect(tokens(png(1, 1), 'high')).toBe(259);
    expect(tokens(png(32, 32))).toBe(259);
  });

  it.each([
    ['PNG', png],
    ['JPEG', jpeg],
    ['GIF', gif],
    ['WEBP', webp],
  ])('follow the size of a %s', (_, make) => {
    expect(tokens(make(768, 768))).toBe(259);
    expect(tokens(make(1024, 1024))).toBe(5 * 256 + 3);
    expect(tokens(make(1024, 1025))).toBe(7 * 256 + 3);
    expect(tokens(make(8000, 8000))).toBe((3 * 3 + 1) * 256 + 3);
    expect(tokens(make(8000, 8000), 'low')).toBe(259);
  });

  it('are those of the largest picture where the size cannot be seen', () => {
    expect(tokens('https://a.example/b.png')).toBe(largest);
    expect(tokens('data:image/png;base64,')).toBe(largest);
    expect(tokens('data:image/png,abc')).toBe(largest);
    expect(tokens(dataUrl('jpeg', Buffer.from([0xff, 0xd8, 0xff])))).toBe(largest);
    expect(tokens(dataUrl('jpeg', Buffer.alloc(5000, 0xff)))).toBe(largest);
    expect(tokens(png(0, 5))).toBe(largest);
    expect(tokens('https://a.example/b.png', 'low')).toBe(259);
  });

  it('are none without pictures', () => {
    expect(countImages({ role: 'user', content: 'x' })).toBe(0);
    expect(countImages({ role: 'system', content: 'x' })).toBe(0);
  });
});
