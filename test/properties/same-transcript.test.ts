// P8: a transcript is recognised whatever clients lose, never where something else was said, and by its anchors
// exactly where by its messages.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anchorsOf } from '../../src/conversation/anchor.ts';
import { isCompared } from '../../src/conversation/canonical-form.ts';
import { matchTranscript, storedPlaceOf } from '../../src/conversation/match-transcript.ts';
import type { Message } from '../../src/conversation/message.ts';
import { isSameMessage } from '../../src/conversation/same-message.ts';
import { fromSeed } from './from-seed.ts';
import { change, conversation, loseSome, type Pick, picks } from './transcript-losses.ts';

const messagesOf = (sent: readonly { readonly message: Message }[]) => sent.map(({ message }) => message);

/** One that ends with a reply, as stored ones do. */
const stored = conversation.map((messages): Message[] => [
  ...messages,
  { role: 'assistant', content: 'done' },
]);

test('P8 what clients lose hides nothing: the whole is found, and each message its stored one', () => {
  const property = fc.property(stored, picks, (messages, pick) => {
    const sent = loseSome(messages, pick);
    const match = matchTranscript(messages, messagesOf(sent));

    const [storedLength, sentLength] = [messages.length, sent.length];
    expect(match).toMatchObject({ end: 'reply', storedLength, sentLength, reachesEnd: true });
    if (!match) return;
    for (const [index, { message, place }] of sent.entries()) {
      if (!isCompared(message)) continue;
      const found = storedPlaceOf(match, index);
      if (message.role === 'assistant') expect(found).toBe(place);
      const native = messages[found];
      expect(native && isSameMessage(native, message)).toBe(true);
    }
    expect(anchorsOf(messagesOf(sent)).map(({ digest }) => digest)).toEqual(
      anchorsOf(messages).map(({ digest }) => digest),
    );
  });
  fc.assert(property, fromSeed('same transcript: losses'));
});

test('P8 nothing is found beyond a message that is another', () => {
  const property = fc.property(stored, picks, fc.nat(), (messages, pick, random) => {
    const sent = messagesOf(loseSome(messages, pick));
    const places = sent.flatMap((message, place) => (isCompared(message) ? [place] : []));
    const changed = places[random % places.length] ?? 0;
    const others = sent.map((message, place) => (place === changed ? change(message, pick) : message));
    expect(matchTranscript(messages, others)?.sentLength ?? 0).toBeLessThanOrEqual(changed);
  });
  fc.assert(property, fromSeed('same transcript: changes'));
});

/** Another conversation, or one that has much in common. */
function relative(messages: readonly Message[], other: readonly Message[], pick: Pick): Message[] {
  const sent = messagesOf(loseSome(messages, pick));
  const cut = pick(...sent.keys(), sent.length);
  const next = sent[cut];
  switch (pick('other', 'same', 'branch', 'change', 'drop', 'double')) {
    case 'other':
      return [...other];
    case 'same':
      return sent;
    case 'branch':
      return [...sent.slice(0, cut), ...other];
    case 'change':
      return [...sent.slice(0, cut), ...(next ? [change(next, pick)] : []), ...sent.slice(cut + 1)];
    case 'drop':
      return [...sent.slice(0, cut), ...sent.slice(cut + 1)];
    default:
      return [...sent.slice(0, cut), ...(next ? [next] : []), ...sent.slice(cut)];
  }
}

/** Whether so many messages hold no reply. */
const isOpening = (sent: readonly Message[], length: number) =>
  !sent.slice(0, length).some(message => message.role === 'assistant' && isCompared(message));

test('P8 two conversations share an anchor exactly where they match', () => {
  const seen = { reply: 0, opening: 0, none: 0 };
  const property = fc.property(conversation, conversation, picks, (messages, other, pick) => {
    const sent = relative(messages, other, pick);
    const mine = anchorsOf(messages);
    const theirs = anchorsOf(sent);
    const digests = new Set(mine.map(({ digest }) => digest));
    const shared = theirs.filter(({ digest }) => digests.has(digest));
    const match = matchTranscript(messages, sent);
    seen[match?.end ?? 'none'] += 1;

    const last = shared.at(-1);
    if (!last) {
      expect(match).toBeUndefined();
      return;
    }
    // The chain: who shares one shares all before it.
    expect(mine.slice(0, shared.length).map(({ digest }) => digest)).toEqual(
      shared.map(({ digest }) => digest),
    );
    const { length: sentLength } = last;
    const end = isOpening(sent, sentLength) ? 'opening' : 'reply';
    expect(match?.end).toBe(end);
    // What is skipped on the way to a first reply belongs to the opening, or does not.
    if (end === 'reply')
      expect(match).toMatchObject({ sentLength, storedLength: mine[shared.length - 1]?.length });
  });
  fc.assert(property, fromSeed('same transcript: anchors', 3000));
  // The choices are such that each case comes up.
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
});
