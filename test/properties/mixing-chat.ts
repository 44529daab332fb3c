// One chat of several that share a key and look alike as much as they can. Whatever it says itself, and whatever is said
// to it where nobody looks, holds words of its own: `canary3q7z` is the seventh of chat 3.
import type { NativeMessage } from '../clients/native-answer.ts';
import type { WireCall, WireMessage } from '../clients/transcript-client.ts';
import type { Pick } from './transcript-losses.ts';

export const canary = /canary(\d+)q\d+z/g;

export interface Alike {
  readonly user: string | undefined;
  readonly label: string | undefined;
  readonly system: readonly WireMessage[];
  readonly model: string;
  readonly ids: 'kept' | 'constant' | 'counted' | 'upper' | 'none';
  readonly args: 'kept' | 'written anew' | 'dropped' | 'coerced';
  readonly bringsReasoning: boolean;
  readonly isBrought: boolean;
}

const moves = [
  'go on',
  'go on',
  'go on',
  'go on',
  'ask again',
  'go back',
  'edit a call',
  'edit a text',
  'edit a question',
  'condense',
  'slide',
  'begin',
  'ask for a title',
] as const;

const tool = (name: string) => ({
  type: 'function',
  function: { name, parameters: { type: 'object', properties: { a: {}, b: {} } } },
});

export class Chat {
  readonly number: number;
  readonly alike: Alike;
  messages: readonly WireMessage[] = [];
  sessionId: string | undefined;
  #words = 0;
  #calls = 0;

  constructor(number: number, alike: Alike) {
    this.number = number;
    this.alike = alike;
  }

  word(): string {
    this.#words += 1;
    return `canary${this.number}q${this.#words}z`;
  }

  /** The messages of its next request. */
  next(pick: Pick): readonly WireMessage[] {
    const move = pick(...moves);
    const { messages } = this;
    if (messages.length === 0 || move === 'begin') return this.#opening(pick);
    const users = placesOf(messages, ({ role }) => role === 'user');
    const answers = placesOf(messages, ({ role }) => role === 'assistant');
    const calling = answers.filter(place => callsOf(messages[place]).length > 0);
    switch (move) {
      case 'ask again':
        return messages.slice(0, answers.at(-1) ?? 0);
      case 'go back':
        return [...messages.slice(0, pick(...users)), this.#question(pick)];
      case 'edit a question':
        return this.#withNew(messages.with(pick(...users), this.#own('Rather')), pick);
      case 'edit a call': {
        if (calling.length === 0) return this.#withNew(messages, pick);
        const place = pick(...calling);
        return this.#withNew(messages.with(place, this.#editCalls(messages[place], pick)), pick);
      }
      case 'edit a text': {
        const place = pick(...answers);
        const edited = { ...messages[place], role: 'assistant', content: this.word() };
        return this.#withNew(messages.with(place, edited), pick);
      }
      case 'condense':
        return this.#withNew([this.#own('Summary:'), ...messages.slice(pick(...answers))], pick);
      case 'slide': {
        const [first] = messages;
        const rest = messages.slice(pick(...answers));
        return this.#withNew([...(first ? [first] : []), this.#own('Hidden:'), ...rest], pick);
      }
      case 'ask for a title':
        return [...messages, { role: 'user', content: 'Generate a title.' }];
      default:
        return this.#withNew(messages, pick);
    }
  }

  /** What Cohere says to it: seen as little as can be, with words of its own beneath. */
  answer(pick: Pick, isThinking: boolean): NativeMessage {
    const thought = isThinking ? [{ type: 'thinking' as const, thinking: `I think ${this.word()}.` }] : [];
    const text = { type: 'text' as const, text: pick('Hi.', 'Hi.', 'Yes.', 'It is.') };
    if (pick(true, false)) {
      const source = { type: 'document', id: this.word(), document: { text: this.word() } };
      const cited = { start: 0, end: 2, text: text.text.slice(0, 2), sources: [source] };
      const citations = [{ ...cited, type: 'TEXT_CONTENT', content_index: thought.length }];
      return { role: 'assistant', content: [...thought, text], ...(pick(true, false) ? { citations } : {}) };
    }
    const content = [...thought, ...(pick(true, false) ? [text] : [])];
    const count = pick(1, 1, 2);
    return {
      role: 'assistant',
      ...(content.length > 0 ? { content } : {}),
      ...(isThinking ? {} : { tool_plan: `I plan ${this.word()}.` }),
      tool_calls: Array.from({ length: count }, () => ({
        id: this.#nativeId(pick),
        type: 'function' as const,
        function: { name: pick('read', 'find'), arguments: this.#arguments(pick) },
      })),
    };
  }

  /** The answer as this client keeps it. */
  take(messages: readonly WireMessage[], answer: WireMessage): void {
    const { reasoning_content: reasoning, tool_calls: calls = [], ...rest } = answer;
    const kept =
      this.alike.bringsReasoning && reasoning !== undefined ? { reasoning_content: reasoning } : {};
    const message = { role: 'assistant', content: rest.content, ...kept };
    const [first] = calls;
    if (first && this.alike.ids === 'none') {
      this.messages = [...messages, { ...message, function_call: this.#write(first).function }];
      return;
    }
    const tool_calls = calls.map(call => this.#write(call));
    this.messages = [...messages, calls.length > 0 ? { ...message, tool_calls } : message];
  }

  get tools(): object[] {
    return [tool('read'), tool('find')];
  }

  #opening(pick: Pick): readonly WireMessage[] {
    this.#calls = 0;
    const opening = { role: 'user', content: pick('Hello', 'Hello', `Hello ${this.word()}`) };
    if (!this.alike.isBrought) return [opening];
    // A conversation that began elsewhere, with ids that its server gives to each.
    const text = this.#arguments(pick);
    const call = {
      id: pick('call_0', 'functions.read:0'),
      type: 'function',
      function: { name: 'read', arguments: text },
    };
    return [
      opening,
      { role: 'assistant', content: '', reasoning_content: this.word(), tool_calls: [call] } as WireMessage,
      { role: 'tool', tool_call_id: call.id, content: 'PINE' },
      { role: 'user', content: 'Go on.' },
    ];
  }

  /** Where it makes of its conversation another one, it says so. */
  #own(word: string): WireMessage {
    return { role: 'user', content: `${word} ${this.word()}` };
  }

  #question(pick: Pick): WireMessage {
    return { role: 'user', content: pick('Go on.', 'Go on.', 'And then?', `Now ${this.word()}`) };
  }

  #withNew(messages: readonly WireMessage[], pick: Pick): readonly WireMessage[] {
    const last = messages.at(-1);
    const result = () => pick('PINE', 'PINE', '', this.word());
    if (last?.function_call !== undefined)
      return [...messages, { role: 'function', name: 'read', content: result() }];
    const results = callsOf(last).map(
      ({ id }): WireMessage => ({
        role: 'tool',
        tool_call_id: id,
        content: result(),
      }),
    );
    const isDue = results.length === 0 || pick(true, false);
    return [...messages, ...results, ...(isDue ? [this.#question(pick)] : [])];
  }

  #editCalls(message: WireMessage | undefined, pick: Pick): WireMessage {
    const tool_calls = callsOf(message).map(call => ({
      ...call,
      function: { ...call.function, arguments: this.#arguments(pick) },
    }));
    return { ...message, role: 'assistant', tool_calls };
  }

  /** Keys and values that others have as well, and its own words under some of them. */
  #arguments(pick: Pick): string {
    return JSON.stringify(
      pick<object>(
        {},
        { a: 'x' },
        { a: this.word() },
        { a: 'x', b: this.word() },
        { a: 1, b: null, deep: { b: this.word() } },
        { a: '1', deep: { b: 'x' } },
        { b: [{ a: this.word() }] },
        { b: [] },
      ),
    );
  }

  /** Of this answer alone, as Cohere's are; or one that comes again and again. */
  #nativeId(pick: Pick): string {
    return pick(`read_${this.word()}`, `read:${this.word()}`, 'call_0', 'CALL_0', 'functions.read:0');
  }

  #write(call: WireCall): WireCall {
    const { name, arguments: text } = call.function;
    return { ...call, id: this.#writeId(call), function: { name, arguments: this.#writeArguments(text) } };
  }

  #writeId({ id, function: { name } }: WireCall): string {
    this.#calls += 1;
    switch (this.alike.ids) {
      case 'constant':
        return 'call_0';
      case 'counted':
        return `functions.${name}:${this.#calls}`;
      case 'upper':
        return id.toUpperCase();
      default:
        return id;
    }
  }

  #writeArguments(text: string): string {
    const fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
    switch (this.alike.args) {
      case 'written anew':
        return JSON.stringify(Object.fromEntries(Object.entries(fields).reverse()), null, 1);
      case 'dropped':
        return JSON.stringify('a' in fields ? { a: fields.a } : {});
      case 'coerced':
        return JSON.stringify({ ...fields, ...('a' in fields ? { a: String(fields.a) } : {}), c: 10 });
      default:
        return text;
    }
  }
}

function callsOf(message: WireMessage | undefined): readonly WireCall[] {
  return message?.tool_calls ?? [];
}

function placesOf(messages: readonly WireMessage[], isMeant: (message: WireMessage) => boolean): number[] {
  return messages.flatMap((message, place) => (isMeant(message) ? [place] : []));
}
