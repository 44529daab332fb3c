import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { AssistantMessage } from './conversation/message.ts';
import { createSeal } from './seal.ts';

const secret = 'a'.repeat(64);
const seal = createSeal(() => secret);
const space = { owner: 'ada', user: undefined };
const prefix = 'cohere-proxy.';

const full: AssistantMessage = {
  role: 'assistant',
  content: [
    { type: 'reasoning', text: 'Hm. 🌊' },
    { type: 'text', text: '\ud800 "sea"\u2028' },
  ],
  toolPlan: 'I look.',
  toolCalls: [
    { id: 'c1', nativeId: 'look:0', name: 'mcp--look', arguments: '{"b": 1,\n"a":null}' },
    { id: 'c2', name: 'look', arguments: '' },
  ],
  citations: [
    {
      start: 0,
      end: 3,
      text: 'sea',
      sources: [{ type: 'document', id: 'd', document: { title: 'x' } }],
      type: 'TEXT_CONTENT',
      contentIndex: 1,
    },
    { start: 1, end: 2, text: 'e', sources: [] },
  ],
};

function sealed(message: AssistantMessage = full): string {
  const data = seal.seal(message, space);
  if (data === undefined) throw new Error('too large');
  return data;
}

describe('what was sealed opens', () => {
  test.each<[string, AssistantMessage]>([
    ['with all that a message can have', full],
    ['as plain text', { role: 'assistant', content: 'Hi' }],
    ['with nothing', { role: 'assistant' }],
  ])('%s', (_, message) => {
    const data = sealed(message);
    expect(data).toMatch(/^cohere-proxy\.[\w-]+$/);
    expect(seal.open(data, space)).toStrictEqual(message);
  });

  test('with another seal of the same secret, as after a restart or on another node', () => {
    expect(createSeal(() => secret).open(sealed(), { ...space })).toEqual(full);
  });

  test('never twice in the same form, and unreadable', () => {
    const texts = [sealed(), sealed()];
    expect(new Set(texts).size).toBe(2);
    for (const text of texts)
      expect(Buffer.from(text.slice(prefix.length), 'base64url').includes('look')).toBe(false);
  });

  test('without another sealed message in it', () => {
    expect(seal.open(sealed({ ...full, carried: sealed() }), space)).toStrictEqual(full);
  });
});

describe('what is not ours does not open', () => {
  const data = sealed();
  const bytes = Buffer.from(data.slice(prefix.length), 'base64url');
  const reopen = (changed: Uint8Array) =>
    seal.open(prefix + Buffer.from(changed).toString('base64url'), space);

  test('one bit changed, in any byte: version, nonce, text, tag', () => {
    expect(reopen(bytes)).toEqual(full);
    for (const index of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ (1 << (index % 8)), index);
      expect(reopen(changed), `byte ${index}`).toBeUndefined();
    }
  });

  test('cut anywhere, or longer', () => {
    for (const index of bytes.keys())
      expect(reopen(bytes.subarray(0, index)), `cut at ${index}`).toBeUndefined();
    expect(reopen(Buffer.concat([bytes, Buffer.of(0)]))).toBeUndefined();
    expect(seal.open(data + data, space)).toBeUndefined();
  });

  test('one character changed, also where the bytes would be the same', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    // With each of the three lengths that base64 knows: two of them leave bits over in the last character.
    for (const text of ['a', 'bc', 'def', 'ghij'].map(words =>
      sealed({ role: 'assistant', content: words }),
    )) {
      for (const other of alphabet) {
        if (text.endsWith(other)) continue;
        expect(seal.open(text.slice(0, -1) + other, space)).toBeUndefined();
      }
    }
    for (const more of ['=', ' ', '\n', '.', '\0']) expect(seal.open(data + more, space)).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['the prefix alone', prefix],
    ["another server's entry", 'OPAQUE_NATIVE_STATE'],
    ['without the prefix', data.slice(prefix.length)],
    ['another prefix', data.replace(prefix, 'Cohere-Proxy.')],
    ['a space before it', ` ${data}`],
    ['no base64', `${prefix}🌊🌊🌊`],
    ['far too long', prefix + 'A'.repeat(4_000_000)],
  ])('%s', (_, text) => {
    expect(seal.open(text, space)).toBeUndefined();
  });

  test('another secret', () => {
    expect(createSeal(() => 'b'.repeat(64)).open(data, space)).toBeUndefined();
  });

  test.each([
    { owner: 'eve', user: undefined },
    { owner: 'ada', user: '' },
    { owner: 'ada', user: 'null' },
    { owner: 'ada', user: 'ada' },
    { owner: 'ada"', user: undefined },
    { owner: '', user: 'ada' },
  ])('another space: %j', other => {
    expect(seal.open(data, other)).toBeUndefined();
  });

  test('owner and user are not glued together', () => {
    const given = seal.seal(full, { owner: 'a', user: 'b","c' }) ?? '';
    expect(seal.open(given, { owner: 'a","b', user: 'c' })).toBeUndefined();
    expect(seal.open(given, { owner: 'a', user: 'b","c' })).toEqual(full);
  });
});

const ourKey = Buffer.from(hkdfSync('sha256', secret, '', 'cohere-proxy: carried message', 32));

/** Sealed as we do, whatever it holds. */
function forge(json: string, key = ourKey, deflate: (bytes: Buffer) => Buffer = deflateRawSync): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from('[1,"ada",null]'));
  const text = Buffer.concat([cipher.update(deflate(Buffer.from(json))), cipher.final()]);
  return prefix + Buffer.concat([Buffer.of(1), nonce, text, cipher.getAuthTag()]).toString('base64url');
}

describe('sealed by us, of a shape that we do not know', () => {
  const assistant = (fields: object) => JSON.stringify({ role: 'assistant', ...fields });

  test.each([
    ['no JSON', 'Hi'],
    ['no object', 'null'],
    ['a list', '[]'],
    ['another role', '{"role":"user","content":"Hi"}'],
    ['no role', '{"content":"Hi"}'],
    ['a number for content', assistant({ content: 1 })],
    ['null for content', assistant({ content: null })],
    ['another part', assistant({ content: [{ type: 'image', url: 'data:' }] })],
    ['a part without text', assistant({ content: [{ type: 'text' }] })],
    ['a plan that is none', assistant({ toolPlan: {} })],
    ['a call without id', assistant({ toolCalls: [{ name: 'look', arguments: '{}' }] })],
    ['arguments as an object', assistant({ toolCalls: [{ id: 'c', name: 'look', arguments: {} }] })],
    ['a citation without end', assistant({ citations: [{ start: 0, text: '', sources: [] }] })],
    [
      'a source that is no object',
      assistant({ citations: [{ start: 0, end: 1, text: '', sources: ['d'] }] }),
    ],
  ])('%s', (_, json) => {
    expect(seal.open(forge(json), space)).toBeUndefined();
  });

  test('not deflated', () => {
    const json = assistant({ content: 'Hi' });
    expect(seal.open(forge(json), space)).toEqual({ role: 'assistant', content: 'Hi' });
    expect(seal.open(forge(json, ourKey, Buffer.from), space)).toBeUndefined();
  });

  test("with the proxy's secret itself: its key is for this alone", () => {
    expect(seal.open(forge(assistant({}), Buffer.from(secret, 'hex')), space)).toBeUndefined();
  });

  test('inflating to more than we ever seal', () => {
    const data = forge(assistant({ content: ' '.repeat(64 * 1024 * 1024) }));
    expect(data.length).toBeLessThan(100_000);
    expect(seal.open(data, space)).toBeUndefined();
  });
});

describe('size', () => {
  test('long thinking becomes a good deal smaller', () => {
    const words = Array.from({ length: 5_000 }, (_, index) => `step ${index % 300} of the plan`).join('; ');
    const message: AssistantMessage = { role: 'assistant', content: [{ type: 'reasoning', text: words }] };
    const data = sealed(message);
    expect(data.length).toBeLessThan(words.length / 5);
    expect(seal.open(data, space)).toEqual(message);
  });

  const noise = (bytes: number) => randomBytes(bytes).toString('base64');

  test('what cannot be deflated opens up to the limit', () => {
    const message: AssistantMessage = { role: 'assistant', content: noise(750_000) };
    expect(seal.open(sealed(message), space)).toEqual(message);
  });

  test('citations that make it too large are left out; a message that is too large is not sealed', () => {
    const citation = { start: 0, end: 1, text: 'H', sources: [{ document: noise(800_000) }] };
    expect(
      seal.open(sealed({ role: 'assistant', content: 'Hi', citations: [citation] }), space),
    ).toStrictEqual({
      role: 'assistant',
      content: 'Hi',
    });
    expect(seal.seal({ role: 'assistant', content: noise(800_000) }, space)).toBeUndefined();
  });
});
