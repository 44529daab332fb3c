// One client of several that share a key: what it has before it, and what it may do next with that.
import { type Model, models, planning } from '../clients/native-answer.ts';
import { type Answer, keyOf, type Said, user } from './recognition-model-said.ts';
import type { Pick } from './transcript-losses.ts';

export const moves = [
  'go on',
  'go back',
  'edit a question',
  'edit a result',
  'edit an answer',
  'leave the last answer out',
  'ask again',
  'repeat the answer',
  'condense',
  'condense and keep the last steps',
  'slide',
  'bring a stray result',
  'return',
  'begin',
  'ask aside',
  'change the mode',
  'switch the model',
] as const;
export type Move = (typeof moves)[number];

export interface Traits {
  readonly user: string | undefined;
  readonly label: string | undefined;
  /** Whether its first words, its system text, its results and the answers to it are like those of others. */
  readonly isAlike: boolean;
  readonly hasSystem: boolean;
  readonly hasTools: boolean;
}

/** What it had before it, and under which name. */
interface Left {
  readonly said: readonly Said[];
  readonly sessionId: string | undefined;
}

export interface Next {
  readonly system: string;
  readonly said: readonly Said[];
  /** The answer is not gone on with. */
  readonly isAside?: boolean;
}

export class ModelClient {
  readonly number: number;
  readonly traits: Traits;
  model: Model = planning;
  said: readonly Said[] = [];
  /** Of the last answer. */
  sessionId: string | undefined;
  /** Asked, and not answered. */
  pending: Next | undefined;
  system: string;
  readonly #left: Left[] = [];
  #words = 0;

  constructor(number: number, traits: Traits) {
    this.number = number;
    this.traits = traits;
    this.system = '';
    if (traits.hasSystem)
      this.system = traits.isAlike ? 'You are an agent.\nBe kind.' : `You are ${this.word()}.`;
  }

  word(): string {
    this.#words += 1;
    return `word${this.number}q${this.#words}z`;
  }

  next(move: Move, pick: Pick): Next {
    const { system } = this;
    switch (move) {
      case 'ask aside':
        return {
          system: 'You write titles.',
          said: [...this.said.slice(0, 1), user('A title?')],
          isAside: true,
        };
      case 'begin':
        this.#leave();
        return { system, said: [this.#opening()] };
      case 'return': {
        const left = pick(...this.#left, { said: this.said, sessionId: this.sessionId });
        this.#leave();
        this.said = left.said;
        this.sessionId = left.sessionId;
        return this.#goOn(pick);
      }
      case 'change the mode':
        if (system !== '') this.system = `You are ${pick('planning', this.word())}.`;
        return this.#goOn(pick);
      case 'switch the model':
        this.model = pick(...models.filter(model => model !== this.model));
        return this.#goOn(pick);
      default: {
        if (this.said.length === 0) return this.#goOn(pick);
        const said = this.#change(move, pick);
        return said ? { system, said } : this.#goOn(pick);
      }
    }
  }

  /** Its conversation is this now. */
  take(said: readonly Said[], sessionId: string | undefined): void {
    if (!this.said.every((one, place) => said[place] && keyOf(one) === keyOf(said[place]))) this.#leave();
    this.said = said;
    this.sessionId = sessionId;
    this.pending = undefined;
  }

  forget(sessionId: string): void {
    if (this.sessionId === sessionId) this.sessionId = undefined;
    for (const [place, left] of this.#left.entries())
      if (left.sessionId === sessionId) this.#left[place] = { said: left.said, sessionId: undefined };
  }

  #leave(): void {
    if (this.said.length > 0) this.#left.push({ said: this.said, sessionId: this.sessionId });
    this.said = [];
    this.sessionId = undefined;
    this.pending = undefined;
  }

  #goOn(pick: Pick): Next {
    const { system, said, pending } = this;
    if (pending && pick(true, true, false)) return { ...pending, system };
    return { system, said: said.length === 0 ? [this.#opening()] : this.#withNew(said, pick) };
  }

  #opening(): Said {
    return user(this.traits.isAlike ? 'Hello\nthere' : `Hello ${this.word()}`);
  }

  /** The results of what was called last, or some of them; or a question. */
  #withNew(said: readonly Said[], pick: Pick): Said[] {
    const last = said.at(-1);
    const calls = last?.role === 'assistant' ? last.calls : [];
    if (calls.length === 0) return [...said, this.#question(pick)];
    const results = calls.flatMap(({ id }): Said[] => {
      const text = pick(this.traits.isAlike ? 'PINE' : this.word(), `${this.word()}\n[1]`, '');
      return pick(true, true, true, true, false) ? [{ role: 'tool', callId: id, text }] : [];
    });
    const isDue = results.length === 0 || pick(false, false, true);
    return [...said, ...results, ...(isDue ? [this.#question(pick)] : [])];
  }

  #question(pick: Pick): Said {
    return user(
      pick(`Now ${this.word()}?`, `Now\n${this.word()}`, ...(this.traits.isAlike ? ['Go on.'] : [])),
    );
  }

  #change(move: Move, pick: Pick): readonly Said[] | undefined {
    const { said } = this;
    const places = (role: Said['role']) => said.flatMap((one, place) => (one.role === role ? [place] : []));
    const [users, results, answers] = [places('user'), places('tool'), places('assistant')];
    const lastAnswer = answers.at(-1) ?? 0;
    switch (move) {
      case 'go back': {
        const place = pick(...users);
        return [...said.slice(0, place), user(`Rather ${this.word()}`)];
      }
      case 'edit a question':
        return this.#withNew(said.with(pick(...users), user(`Edited ${this.word()}`)), pick);
      case 'edit a result': {
        if (results.length === 0) return undefined;
        const place = pick(...results);
        const [result] = said.slice(place);
        if (result?.role !== 'tool') return undefined;
        return this.#withNew(said.with(place, { ...result, text: `Edited ${this.word()}` }), pick);
      }
      case 'edit an answer': {
        const place = pick(...answers);
        const [answer] = said.slice(place);
        return this.#withNew(said.with(place, this.#edit(answer as Answer)), pick);
      }
      case 'leave the last answer out':
        return [...said.slice(0, lastAnswer), this.#question(pick)];
      case 'ask again':
        return said.slice(0, lastAnswer);
      case 'repeat the answer':
        return said;
      case 'condense':
        return [user(`Summary ${this.word()}`)];
      case 'condense and keep the last steps':
        return this.#withNew([user(`Summary ${this.word()}`), ...said.slice(pick(...answers))], pick);
      case 'slide':
        return this.#withNew(
          [...said.slice(0, 1), user('[4 messages hidden]'), ...said.slice(pick(...answers))],
          pick,
        );
      case 'bring a stray result': {
        const stray: Said = { role: 'tool', callId: 'stray', text: `Result ${this.word()}` };
        return [...this.#withNew(said, pick), stray, this.#question(pick)];
      }
      default:
        return this.#withNew(said, pick);
    }
  }

  #edit({ calls }: Answer): Answer {
    return { role: 'assistant', text: `Edited ${this.word()}`, reasoning: '', calls };
  }
}
