// What is not stored here the client carries: the native answer, sealed, so that only what we said comes back, and
// only from those to whom it was said. The form:
//
//   prefix, base64url of: version (1 byte), nonce (12), AES-256-GCM of the message's deflated JSON, tag (16)
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isAssistantMessage } from './conversation/is-message.ts';
import { type AssistantMessage, carriedPrefix } from './conversation/message.ts';
import type { Space } from './conversation/session.ts';
import { parseExact } from './streams/read-json.ts';

const algorithm = 'aes-256-gcm';
const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
/** Of a message as JSON. Far beyond what a model says; only the documents that are cited can be longer. */
const maxMessageBytes = 1024 * 1024;
/** Of the text form: base64 adds a third, and what cannot be deflated grows a little. */
const maxLength = 1.5 * maxMessageBytes;

export interface Seal {
  /** Without its citations where they make it too large; undefined where it is too large all the same. */
  seal(message: AssistantMessage, space: Space): string | undefined;
  /** Undefined for everything that this secret did not seal for this space. */
  open(data: string, space: Space): AssistantMessage | undefined;
}

export function createSeal(readSecret: () => string): Seal {
  let kept: Buffer | undefined;
  const key = () => {
    kept ??= Buffer.from(hkdfSync('sha256', readSecret(), '', 'cohere-proxy: carried message', 32));
    return kept;
  };
  return {
    seal(message, space) {
      const json = writeMessage(message);
      if (json === undefined) return undefined;
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv(algorithm, key(), nonce, { authTagLength: tagBytes });
      cipher.setAAD(boundTo(space));
      const sealed = [cipher.update(deflateRawSync(json)), cipher.final()];
      const bytes = Buffer.concat([Buffer.of(version), nonce, ...sealed, cipher.getAuthTag()]);
      return carriedPrefix + bytes.toString('base64url');
    },
    open(data, space) {
      const bytes = readText(data);
      if (!bytes) return undefined;
      const decipher = createDecipheriv(algorithm, key(), bytes.subarray(1, 1 + nonceBytes), {
        authTagLength: tagBytes,
      });
      decipher.setAAD(boundTo(space));
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      try {
        const sealed = bytes.subarray(1 + nonceBytes, -tagBytes);
        const deflated = Buffer.concat([decipher.update(sealed), decipher.final()]);
        const json = inflateRawSync(deflated, { maxOutputLength: maxMessageBytes }).toString();
        const message: unknown = parseExact(json);
        // Ours beyond doubt, but perhaps of another release.
        return isAssistantMessage(message) ? message : undefined;
      } catch {
        return undefined;
      }
    },
  };
}

function writeMessage(message: AssistantMessage): Buffer | undefined {
  // A sealed message within a sealed message would grow with every turn.
  const said = { ...message, carried: undefined };
  for (const candidate of [said, { ...said, citations: undefined }]) {
    const json = Buffer.from(JSON.stringify(candidate));
    if (json.length <= maxMessageBytes) return json;
  }
  return undefined;
}

function readText(data: string): Buffer | undefined {
  if (!data.startsWith(carriedPrefix) || data.length > maxLength) return undefined;
  const text = data.slice(carriedPrefix.length);
  const bytes = Buffer.from(text, 'base64url');
  const isOurs = bytes.length > 1 + nonceBytes + tagBytes && bytes[0] === version;
  // The decoder overlooks characters and bits that we never write.
  return isOurs && bytes.toString('base64url') === text ? bytes : undefined;
}

/** JSON keeps owner and user apart whatever is in them, and no user from an empty one. */
function boundTo({ owner, user }: Space): Buffer {
  return Buffer.from(JSON.stringify([version, owner, user ?? null]));
}
