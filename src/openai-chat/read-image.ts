// The image of a content part, in the forms of OpenAI's two APIs, of Anthropic, MCP and the AI SDK.
import type { ImagePart } from '../conversation/message.ts';
import type { Fields } from './read-part.ts';

/** Undefined where there is no image that could be kept as a URL. */
export function readImage(part: Fields): ImagePart | undefined {
  const { image_url: named, image, source, file } = part;
  const places = [named, image, source, file, part].map(place =>
    typeof place === 'string' ? { url: place } : (Object(place) as Fields),
  );
  for (const place of places) {
    const url = urlIn(place);
    if (url === undefined) continue;
    const { detail = part.detail } = place;
    const isDetail = detail === 'auto' || detail === 'low' || detail === 'high';
    return { type: 'image', url, ...(isDetail ? { detail } : {}) };
  }
  return undefined;
}

function urlIn(place: Fields): string | undefined {
  const { url, data, image, file_data: file } = place;
  const mediaType = place.media_type ?? place.mediaType ?? place.mimeType ?? place.mime_type;
  for (const text of [url, data, image, file]) {
    if (typeof text !== 'string') continue;
    if (/^(?:https?:\/\/|data:image\/)/i.test(text)) return text;
    const type = typeof mediaType === 'string' ? mediaType : typeOf(text);
    if (type?.startsWith('image/') && /^[A-Za-z0-9+/]{8}/.test(text)) return `data:${type};base64,${text}`;
  }
  return undefined;
}

/** How the base64 of an image begins. */
const beginnings = [
  ['iVBORw0KGgo', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
] as const;

function typeOf(base64: string): string | undefined {
  return beginnings.find(([start]) => base64.startsWith(start))?.[1];
}
