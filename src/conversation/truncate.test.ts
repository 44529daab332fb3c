import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Message, textOf } from './message.ts';
import { type Cut, intelligentTruncateMessages } from './truncate.ts';

const count = (message: Message): number => 3 + Math.ceil(JSON.stringify(message).length / 4);
const total = (messages: readonly Message[]) => messages.reduce((sum, message) => sum + count(message), 0);

const user = (content: string): Message => ({ role: 'user', content });
const assistant = (content: string): Message => ({ role: 'assistant', content });
const system = (content: string): Message => ({ role: 'system', content });
const calling = (...ids: string[]): Message => ({
  role: 'assistant',
  toolCalls: ids.map(id => ({ id, name: 'read_file', arguments: '{"path":"a.ts"}' })),
});
const result = (toolCallId: string, content: string): Message => ({ role: 'tool', toolCallId, content });
const details = user('<environment_details>\n# Time\n12:00\n</environment_details>');

/** An agent's run: one task, then so many tool steps, as Roo sends them. */
function agentRun(steps: number, resultLength: number): Message[] {
  const messages = [system('You are Roo.'), user('<user_message>Mend the build.</user_message>')];
  for (let step = 0; step < steps; step += 1) {
    messages.push(calling(`call_${step}`), result(`call_${step}`, `${step} `.repeat(resultLength)), details);
  }
  return messages;
}

const isNotice = (message: Message) =>
  message.role === 'system' && /^\[\d+ earlier messages? (was|were) left out/.test(textOf(message));

describe('intelligentTruncateMessages', () => {
  it('gives back the same messages where they fit', () => {
    const messages = agentRun(3, 10);
    const fitted = intelligentTruncateMessages(messages, total(messages), { count });
    expect(fitted).toMatchObject({
      fits: true,
      tokens: total(messages),
      cut: undefined,
      leftOut: 0,
      shortened: 0,
    });
    expect(fitted.messages).toEqual(messages);
  });

  it('keeps task, latest words and last step of a run of hundreds of tool steps', () => {
    const messages = agentRun(400, 100);
    const budget = Math.floor(total(messages) / 10);
    const fitted = intelligentTruncateMessages(messages, budget, { count });
    expect(fitted.fits).toBe(true);
    expect(fitted.tokens).toBeLessThanOrEqual(budget * 0.75);
    expect(fitted.messages.slice(0, 2)).toEqual(messages.slice(0, 2));
    expect(fitted.messages[2]).toSatisfy(isNotice);
    expect(fitted.messages.slice(-3)).toEqual(messages.slice(-3));
  });

  it('shortens old tool results before it leaves anything out', () => {
    const messages = agentRun(6, 3_000);
    const fitted = intelligentTruncateMessages(messages, Math.floor(total(messages) * 0.9), { count });
    expect(fitted.leftOut).toBe(0);
    expect(fitted.shortened).toBeGreaterThan(0);
    expect(fitted.messages.filter(message => textOf(message).includes('characters left out')).length).toBe(
      fitted.shortened,
    );
  });

  it('takes a tool result with the words of the user for a real user message, environment details not', () => {
    const words = result('call_ask', '<user_message>Use tabs, please.</user_message>');
    const messages = [
      ...agentRun(20, 100),
      calling('call_ask'),
      words,
      details,
      ...agentRun(20, 100).slice(2),
    ];
    const budget = Math.floor(total(messages) / 8);
    const fitted = intelligentTruncateMessages(messages, budget, { count, wordsInResults: true });
    expect(fitted.messages).toContain(words);
    expect(fitted.messages.filter(message => message === details).length).toBeLessThan(5);
  });

  it('shortens the largest results of the last step where the pins alone are too long', () => {
    const messages = [user('task'), calling('a', 'b'), result('a', 'x'.repeat(40_000)), result('b', 'small')];
    const fitted = intelligentTruncateMessages(messages, 2_000, { count });
    expect(fitted.fits).toBe(true);
    expect(fitted.tokens).toBeLessThanOrEqual(2_000);
    expect(textOf(fitted.messages[2] ?? user(''))).toMatch(/^x+\n\[… \d+ characters left out …\]\nx+$/);
    expect(fitted.messages[3]).toBe(messages[3]);
  });

  it('shortens what stands beside the words of the user, not the words', () => {
    const words = result('b', '<user_message>Use tabs, please.</user_message>');
    const messages = [user('task'), calling('a', 'b'), result('a', 'x'.repeat(40_000)), words];
    const later = [...messages, calling('c'), result('c', 'ok')];
    const fitted = intelligentTruncateMessages(later, 2_000, { count, wordsInResults: true });
    expect(fitted).toMatchObject({ fits: true, leftOut: 0, shortened: 1 });
    expect(fitted.messages).toContain(words);
  });

  it('says so where even that does not fit', () => {
    expect(intelligentTruncateMessages([user('x'.repeat(4_000))], 100, { count }).fits).toBe(false);
  });

  it('gives back the very cut that came in where it still fits, another one where it does not', () => {
    const messages = agentRun(30, 3_000);
    const budget = Math.floor(total(messages) / 6);
    const { cut } = intelligentTruncateMessages(messages, budget, { count });
    // As a store would give it back.
    const stored: Cut = JSON.parse(JSON.stringify(cut));
    const longer = [...messages, calling('next'), result('next', 'ok'), details];
    const fitted = intelligentTruncateMessages(longer, budget, { count, cut: stored });
    expect(fitted.leftOut).toBeGreaterThan(0);
    expect(fitted.shortened).toBeGreaterThan(0);
    expect(fitted.cut).toBe(stored);
    const tighter = intelligentTruncateMessages(longer, budget * 0.7, { count, cut: stored });
    expect(tighter.cut).not.toEqual(stored);
  });

  it('keeps the cut, and with it the prefix, until the budget is passed again', () => {
    let messages = agentRun(30, 100);
    const budget = Math.floor(total(messages) * 0.8);
    let cut: Cut | undefined;
    let prefix: readonly Message[] = [];
    let cuts = 0;
    for (let step = 100; step < 160; step += 1) {
      messages = [...messages, calling(`c${step}`), result(`c${step}`, 'ok '.repeat(100)), details];
      const fitted = intelligentTruncateMessages(messages, budget, { count, cut });
      expect(fitted.tokens).toBeLessThanOrEqual(budget);
      if (JSON.stringify(fitted.cut) === JSON.stringify(cut)) {
        expect(fitted.messages.slice(0, prefix.length)).toEqual(prefix);
      } else cuts += 1;
      cut = fitted.cut;
      prefix = fitted.messages;
    }
    // A quarter of the budget is freed each time, and each step adds about a thirtieth of it.
    expect(cuts).toBeGreaterThan(1);
    expect(cuts).toBeLessThan(12);
  });
});

const text = fc
  .string({ maxLength: 40 })
  .chain(word => fc.integer({ min: 0, max: 60 }).map(n => `${word} `.repeat(n)));

/** Any mix of roles in a legal order, with tool steps of one to three calls. */
const conversation = fc
  .array(
    fc.oneof(
      text.map(content => [user(content)]),
      text.map(content => [assistant(content)]),
      text.map(content => [system(content)]),
      fc.constant([details]),
      fc
        .array(text, { minLength: 1, maxLength: 3 })
        .map(contents => [
          calling(...contents.map((_, index) => `id${index}`)),
          ...contents.map((content, index) => result(`id${index}`, content.repeat(20))),
        ]),
    ),
    { maxLength: 40 },
  )
  // Ids are made unique: each step's own.
  .map(steps =>
    steps.flatMap((step, number) =>
      step.map((message): Message => {
        if (message.role === 'tool') return { ...message, toolCallId: `${number}_${message.toolCallId}` };
        if (message.role !== 'assistant' || !message.toolCalls) return message;
        return {
          ...message,
          toolCalls: message.toolCalls.map(call => ({ ...call, id: `${number}_${call.id}` })),
        };
      }),
    ),
  );

describe('P1 properties', () => {
  const runs = { numRuns: 2_000 };
  const budgets = fc.integer({ min: 0, max: 8_000 });

  it('stays in the budget or says that it cannot; counts what it gives', () => {
    fc.assert(
      fc.property(conversation, budgets, (messages, budget) => {
        const fitted = intelligentTruncateMessages(messages, budget, { count });
        expect(fitted.tokens).toBe(total(fitted.messages));
        expect(fitted.fits).toBe(fitted.tokens <= budget);
      }),
      runs,
    );
  });

  it('gives a subsequence of whole units, but for shortened results and one notice', () => {
    fc.assert(
      fc.property(conversation, budgets, (messages, budget) => {
        const given = intelligentTruncateMessages(messages, budget, { count }).messages;
        const own = given.filter(message => messages.includes(message) || message.role === 'tool');
        expect(given.length - own.length).toBeLessThanOrEqual(1);
        let place = -1;
        for (const message of own) {
          const next = messages.findIndex(
            (candidate, index) =>
              index > place &&
              (candidate === message ||
                (candidate.role === 'tool' &&
                  message.role === 'tool' &&
                  candidate.toolCallId === message.toolCallId)),
          );
          expect(next).toBeGreaterThan(place);
          place = next;
        }
        const calls = own
          .flatMap(message => (message.role === 'assistant' ? (message.toolCalls ?? []) : []))
          .map(call => call.id);
        const results = own.flatMap(message => (message.role === 'tool' ? [message.toolCallId] : []));
        expect(results).toEqual(calls);
      }),
      runs,
    );
  });

  it('keeps the pins', () => {
    fc.assert(
      fc.property(conversation, budgets, (messages, budget) => {
        const given = intelligentTruncateMessages(messages, budget, { count }).messages;
        const leading = messages.slice(
          0,
          Math.max(
            0,
            messages.findIndex(message => message.role !== 'system'),
          ),
        );
        expect(given.slice(0, leading.length)).toEqual(leading);
        const firstUser = messages.find(message => message.role === 'user');
        if (firstUser) expect(given).toContain(firstUser);
        const lastReal = messages.findLast(message => message.role === 'user' && message !== details);
        if (lastReal) expect(given).toContain(lastReal);
        const lastAssistant = messages.findLastIndex(message => message.role === 'assistant');
        if (lastAssistant !== -1) expect(given).toContain(messages[lastAssistant]);
      }),
      runs,
    );
  });

  it('is idempotent, and never longer with a smaller budget', () => {
    fc.assert(
      fc.property(conversation, budgets, budgets, (messages, a, b) => {
        const [smaller, larger] = [
          intelligentTruncateMessages(messages, Math.min(a, b), { count }),
          intelligentTruncateMessages(messages, Math.max(a, b), { count }),
        ];
        // What does not fit is not given to anybody.
        if (smaller.fits) expect(smaller.tokens).toBeLessThanOrEqual(larger.tokens);
        if (!larger.fits) return;
        const again = intelligentTruncateMessages(larger.messages, Math.max(a, b), { count });
        expect(again.messages).toEqual(larger.messages);
      }),
      runs,
    );
  });

  it('applied with its own cut it changes nothing', () => {
    fc.assert(
      fc.property(conversation, budgets, (messages, budget) => {
        const once = intelligentTruncateMessages(messages, budget, { count });
        const twice = intelligentTruncateMessages(messages, budget, { count, cut: once.cut });
        if (once.fits) expect(twice.messages).toEqual(once.messages);
        if (once.fits) expect(twice.cut).toBe(once.cut);
      }),
      runs,
    );
  });
});
