// The comparison of what a client got with what Cohere had said.
import { expect } from 'vitest';
import type { CohereAnswer } from '../support/cohere-answer.ts';
import { citedText, expectedReply } from '../support/expected-reply.ts';
import type { OpenAiReply } from '../support/openai-reply.ts';

export function expectReply(reply: OpenAiReply, answer: CohereAnswer): void {
  const expected = expectedReply(answer);
  const { annotations, extras, citations, ...said } = reply;
  const { citations: expectedCitations, ...expectedSaid } = expected;
  expect(said).toEqual(expectedSaid);
  expect(citations).toEqual(expectedCitations);

  // One annotation for each source; its offsets are JavaScript's.
  const content = expected.content ?? '';
  const cited = expectedCitations.flatMap(citation =>
    citation.sources.map(() => citedText(content, citation)),
  );
  const marked = annotations.map(({ type, url_citation: { start_index, end_index, url, title } }) => {
    expect(type).toBe('url_citation');
    expect(URL.canParse(url), url).toBe(true);
    expect(typeof title).toBe('string');
    return content.slice(start_index, end_index);
  });
  expect(marked).toEqual(cited);
  for (const citation of expectedCitations) expect(citedText(content, citation)).toBe(citation.text);
}

/** `reply` and `messages` ride along where the request held neither tools nor turns of the assistant. */
export function expectExtras(
  { extras, content }: OpenAiReply,
  request: Readonly<Record<string, unknown>>,
): void {
  const messages = request.messages as readonly { readonly role: string }[];
  expect(extras.sessionId).toMatch(/^sess_[A-Za-z0-9_-]+$/);
  if (request.tools || messages.some(message => message.role === 'assistant')) {
    expect(Object.keys(extras)).toEqual(['sessionId']);
    return;
  }
  expect(extras.reply).toBe(content ?? '');
  expect(extras.messages).toHaveLength(messages.length + 1);
  expect(extras.messages?.at(-1)).toMatchObject({ role: 'assistant', content });
}
