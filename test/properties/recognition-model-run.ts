// One run: some clients at one proxy under one key, step by step, and what must hold after each and at the end.
import { isDeepStrictEqual } from 'node:util';
import { expect, vi } from 'vitest';
import { type Model, type NativeMessage, sayNative } from '../clients/native-answer.ts';
import { readTurn, TranscriptClient, type WireMessage } from '../clients/transcript-client.ts';
import { frames, start, text as textDelta } from '../support/cohere-stream.ts';
import type { FakeCohere, UpstreamRequest } from '../support/fake-cohere.ts';
import { Gate } from '../support/gate.ts';
import { readOutcome } from '../support/outcome.ts';
import { chatPath } from '../support/start.ts';
import { chunk, error, gate, head, rst, type Step as UpstreamStep } from '../support/upstream-script.ts';
import { answerOf, sayAnswer, shownOf } from './recognition-model-answers.ts';
import { ModelClient, type Move, type Next, type Traits } from './recognition-model-client.ts';
import { expectHeard, expectOwnWords } from './recognition-model-heard.ts';
import { writeTranscript } from './recognition-model-losses.ts';
import { type Answer, pickBy, user } from './recognition-model-said.ts';
import { type Asked, type Opened, PlainSessions } from './recognition-model-sessions.ts';
import { expectStored } from './recognition-model-stored.ts';
import type { Pick } from './transcript-losses.ts';

export interface Step {
  readonly who: number;
  readonly move: Move;
  readonly how:
    | 'answered'
    | 'fails'
    | 'breaks off'
    | 'is left'
    | 'waits'
    | 'races'
    | 'named'
    | 'message'
    | 'delete';
  /** 0: nothing is lost. */
  readonly losses: number;
  readonly choices: number;
}

interface Request {
  readonly client: ModelClient;
  readonly model: Model;
  readonly next: Next;
  readonly opened: Opened;
  readonly body: object;
  readonly stream: boolean;
  readonly systems: readonly string[];
  readonly pick: Pick;
  readonly hasTools: boolean;
  /** One call at a time. */
  readonly isSerial: boolean;
}

/** A turn that waits at Cohere's, with all that is needed to end it. */
interface Waiting {
  readonly request: Request;
  readonly response: Promise<Response>;
  readonly native: NativeMessage;
  readonly gate: Gate;
}

export interface Started {
  readonly fake: FakeCohere;
  readonly url: string;
}

let runs = 0;
let clock = Date.now();

export class Run {
  readonly #url: string;
  readonly #fake: FakeCohere;
  readonly #scripts: (readonly UpstreamStep[])[] = [];
  readonly #http: TranscriptClient;
  readonly #sessions = new PlainSessions();
  readonly #clients: readonly ModelClient[];
  #waiting: Waiting | undefined;
  readonly #headers: Readonly<Record<string, string>>;

  constructor({ fake, url }: Started, traits: readonly Traits[]) {
    runs += 1;
    this.#url = url;
    // Each run is an owner of its own.
    this.#headers = { authorization: `Bearer key-of-run-${runs}-0123456789` };
    this.#http = new TranscriptClient({ fake, url }, this.#headers);
    this.#clients = traits.map((one, number) => new ModelClient(number, one));
    this.#fake = fake;
    fake.chatRequests.length = 0;
    // Of its own: a run that fails leaves none behind.
    fake.setDefault(() => this.#scripts.shift() ?? error(500, { message: 'nothing was scripted' }));
  }

  async do({ who, move, how, losses, choices }: Step): Promise<void> {
    const client = this.#clients[who % this.#clients.length];
    if (!client) return;
    const pick = pickBy(choices);
    // A request that names its session would wait for the turn that runs there.
    if (how === 'named' || how === 'message' || how === 'delete' || how === 'waits') await this.finish();
    switch (how) {
      case 'message':
        return this.#sendMessage(client, pick);
      case 'delete':
        return this.#delete(client);
      case 'fails':
      case 'breaks off':
      case 'is left':
        return this.#fail(this.#request(client, client.next(move, pick), pick, losses), how);
      case 'races':
        return this.#race(this.#request(client, client.next(move, pick), pick, losses));
      default: {
        const name = how === 'named' ? (client.sessionId ?? `mine-${client.word()}`) : undefined;
        const request = this.#request(client, client.next(move, pick), pick, losses, name);
        if (how !== 'waits') return this.#answer(request);
        this.#waiting = await this.#hold(request);
      }
    }
  }

  /** Lets the turn that waits end. */
  async finish(): Promise<void> {
    const waiting = this.#waiting;
    if (!waiting) return;
    this.#waiting = undefined;
    tick();
    waiting.gate.open();
    const response = await waiting.response;
    await this.#read(settle(waiting.request, response), response, [waiting.native]);
  }

  async check(): Promise<void> {
    await this.finish();
    await expectStored(this.#http, this.#sessions.all);
  }

  /** Whatever came of it. */
  async end(): Promise<void> {
    this.#waiting?.gate.open();
    await this.#waiting?.response.catch(() => {});
  }

  #request(client: ModelClient, next: Next, pick: Pick, losses: number, sessionId?: string): Request {
    const { system, said } = next;
    const { hasTools, label, user: name } = client.traits;
    const { messages, systems } = writeTranscript(system, said, pickBy(losses));
    const asked: Asked = {
      client: client.number,
      user: name,
      label,
      system,
      said,
      dialect: 'transcript',
      sessionId,
    };
    const opened = this.#sessions.open(asked, this.#busy());
    const offers = hasTools && pick(true, true, true, false);
    const stream = pick(false, true);
    const isSerial = pick(false, false, false, true);
    const body = {
      model: client.model,
      messages,
      stream,
      user: name,
      ...(offers ? { tools: toolsOf(client) } : {}),
      ...(isSerial ? { parallel_tool_calls: false } : {}),
      ...pick({}, { include_messages: true }),
      ...(sessionId === undefined ? {} : { sessionId, history: 'replace' }),
    };
    return {
      client,
      model: client.model,
      next,
      opened,
      body,
      stream,
      systems,
      pick,
      hasTools: offers,
      isSerial,
    };
  }

  async #sendMessage(client: ModelClient, pick: Pick): Promise<void> {
    const { label, user: name } = client.traits;
    const { sessionId } = client;
    const kept = sessionId === undefined ? undefined : this.#sessions.find(sessionId, name);
    // Where nothing but equal words told two clients apart, one may have gone on in what the other began.
    if (kept?.clients.some(number => number !== client.number)) return;
    const message = `Message ${client.word()}`;
    const said = [user(message)];
    const asked: Asked = {
      client: client.number,
      user: name,
      label,
      system: '',
      said,
      dialect: 'session',
      sessionId,
    };
    const opened = this.#sessions.open(asked, this.#busy());
    const next: Next = { system: opened.system, said: [...opened.history, ...said] };
    const stream = pick(false, true);
    const body = { model: client.model, message, stream, user: name, sessionId };
    const systems = opened.system === '' ? [] : [opened.system];
    await this.#answer({
      client,
      model: client.model,
      next,
      opened,
      body,
      stream,
      systems,
      pick,
      hasTools: false,
      isSerial: false,
    });
  }

  async #answer(request: Request): Promise<void> {
    const native = this.#say(request);
    this.#script(...sayNative(native, request.stream));
    const before = this.#asked;
    const response = await this.#post(request);
    const settled = settle(request, response);
    this.#expectHeard(settled, before, 1);
    await this.#read(settled, response, [native]);
  }

  async #hold(request: Request): Promise<Waiting> {
    const place = new Gate();
    const native = this.#say(request);
    this.#script(gate(place), ...sayNative(native, request.stream));
    const before = this.#asked;
    const response = this.#post(request);
    await Promise.race([place.reached, response]);
    if (!request.opened.orNew) this.#expectHeard(request, before, 1);
    return { request, response, native, gate: place };
  }

  /** The same request twice at the same time: one goes on, the other forks, whichever comes first. */
  async #race(request: Request): Promise<void> {
    if (request.opened.state !== 'continued' || !request.opened.isOnly) return this.#answer(request);
    // Alike but for their words: what comes after does not depend on who was first.
    const shape = request.pick(...Array(100).keys());
    const word = () => request.client.word();
    const one = sayAnswer(pickBy(shape), word, request.model, request.hasTools);
    const other = sayAnswer(pickBy(shape), word, request.model, request.hasTools);
    // Where both look the same to the client, only Cohere's own ids would tell which of them it was given.
    const [shown, otherShown] = [one, other].map(native => shownOf(shortened(native, request)));
    const natives = isDeepStrictEqual(shown, otherShown) ? [one, one] : [one, other];
    for (const native of natives) this.#script(...sayNative(native, request.stream));
    const before = this.#asked;
    const responses = await Promise.all([this.#post(request), this.#post(request)]);
    this.#expectHeard(request, before, 2);
    const [first, second] = responses.toSorted((a, b) => stateOf(a).localeCompare(stateOf(b)));
    if (!first || !second) return;
    const { from } = request.opened;
    await this.#read(request, first, natives);
    const opened: Opened = { ...request.opened, state: 'forked', parents: from ? [from.id] : [] };
    await this.#read({ ...request, opened }, second, natives);
    const [latest = ''] = Object.keys(await this.#http.sessions());
    this.#sessions.touch(latest);
  }

  async #fail(request: Request, how: 'fails' | 'breaks off' | 'is left'): Promise<void> {
    const { client, next, pick, body } = request;
    const begun = [head(), chunk(frames(start, textDelta(client.word())))];
    const place = new Gate();
    const steps: Readonly<Record<typeof how, readonly UpstreamStep[]>> = {
      fails: pick(
        error(429, { message: 'slower' }),
        error(500, { message: 'internal' }),
        error(400, { message: 'no' }),
      ),
      'breaks off': [...begun, rst()],
      'is left': [...begun, gate(place)],
    };
    this.#script(...steps[how]);
    const before = this.#asked;
    const streamed = { ...request, body: { ...body, stream: how !== 'fails' } };
    if (how === 'is left') {
      const leaving = new AbortController();
      const response = await this.#post(streamed, leaving.signal);
      await response.body?.getReader().read();
      leaving.abort();
      await this.#fake.chatRequests.at(-1)?.outcome;
    } else {
      const { isDone, finishReasons } = await readOutcome(await this.#post(streamed));
      expect({ isDone, finishReasons }).toEqual({ isDone: false, finishReasons: [] });
    }
    this.#expectHeardOrNew(request, before);
    if (next.isAside) return;
    client.pending = next;
    // Some keep what they saw of the answer.
    if (how === 'fails' || pick(true, false)) return;
    const seen: Answer = { role: 'assistant', text: `Part ${client.word()}`, reasoning: '', calls: [] };
    client.pending = { ...next, said: [...next.said, seen, user(`No, ${client.word()}`)] };
  }

  async #delete(client: ModelClient): Promise<void> {
    const kept =
      client.sessionId === undefined ? undefined : this.#sessions.find(client.sessionId, client.traits.user);
    if (!kept) return;
    const path = `/v1/sessions/${kept.id}?user=${encodeURIComponent(kept.user ?? '')}`;
    const { status } = await fetch(this.#url + path, { method: 'DELETE', headers: this.#headers });
    expect(status).toBe(200);
    this.#sessions.delete(kept);
    for (const one of this.#clients) one.forget(kept.id);
  }

  async #read(request: Request, response: Response, natives: readonly NativeMessage[]): Promise<void> {
    const { client, next, opened, stream } = request;
    const whole = response.clone().text();
    const { id, state, message } = await readTurn(response, stream);
    expectOwnWords(await whole, client.number);
    const { asked, from } = opened;
    expect({ state, id }).toEqual({ state: opened.state, id: this.#expectedId(opened) ?? id });
    const native = natives.map(one => shortened(one, request)).find(one => isShown(one, message));
    if (!native) throw new Error(`another answer was given: ${JSON.stringify(message)}`);
    const answer = answerOf(native, message);
    const wasThere = this.#sessions.find(id, asked.user);
    expect(wasThere).toBe(this.#expectedId(opened) === undefined ? undefined : from);
    const kept = this.#sessions.commit(opened, id, answer);
    if (opened.state === 'new' && opened.parents.length > 0)
      this.#sessions.adopt(kept, (await this.#http.session(id)).parent_id);
    if (asked.sessionId === id && opened.state === 'forked' && from) {
      const { parent_id } = await this.#http.session(id);
      this.#sessions.leaveBehind(from, kept, parent_id ?? '');
    }
    if (!next.isAside) client.take([...next.said, answer], id);
  }

  /** Undefined where the proxy makes a new one. */
  #expectedId({ asked: { sessionId }, state, from }: Opened): string | undefined {
    if (sessionId !== undefined) return sessionId;
    return state === 'continued' ? from?.id : undefined;
  }

  #say({ client, pick, model, hasTools }: Request): NativeMessage {
    if (client.traits.isAlike && pick(true, false)) {
      const kind = pick(1, 2, 3);
      return sayAnswer(pickBy(kind), () => `same-${kind}-${hasTools}-${model.length}`, model, hasTools);
    }
    return sayAnswer(pick, () => client.word(), model, hasTools);
  }

  #expectHeard({ client, model, opened, systems }: Request, before: number, times: number): void {
    const heard: readonly UpstreamRequest[] = this.#fake.chatRequests.slice(before);
    expect(heard).toHaveLength(times);
    const said = [...opened.history, ...opened.added];
    const isNamed = opened.asked.dialect === 'session';
    for (const request of heard)
      expectHeard(request, { model, said, systems, isNamed, client: client.number });
  }

  /** An answer that failed does not say which session it would have been of. */
  #expectHeardOrNew(request: Request, before: number): void {
    const { orNew } = request.opened;
    try {
      this.#expectHeard(request, before, 1);
    } catch (error) {
      if (!orNew) throw error;
      this.#expectHeard({ ...request, opened: orNew }, before, 1);
    }
  }

  #post({ client, body }: Request, signal?: AbortSignal): Promise<Response> {
    tick();
    const { label } = client.traits;
    const headers = { ...this.#headers, ...(label === undefined ? {} : { 'x-session-affinity': label }) };
    return fetch(this.#url + chatPath, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
  }

  #script(...steps: readonly UpstreamStep[]): void {
    this.#scripts.push(steps);
  }

  get #asked(): number {
    return this.#fake.chatRequests.length;
  }

  #busy(): ReadonlySet<string> {
    const opened = this.#waiting?.request.opened;
    return new Set(opened?.state === 'continued' && opened.from ? [opened.from.id] : []);
  }
}

/** Which of the sessions that it may be. */
function settle(request: Request, response: Response): Request {
  const { opened } = request;
  return opened.orNew && stateOf(response) === 'new' ? { ...request, opened: opened.orNew } : request;
}

/** A second later: which session was used last never depends on how fast this machine is. */
function tick(): void {
  clock += 1000;
  vi.setSystemTime(clock);
}

function toolsOf({ number }: ModelClient): object[] {
  const properties = { path: { type: 'string' }, mode: { type: ['string', 'null'] } };
  const parameters = { type: 'object', properties, required: ['path'] };
  return ['read', 'write'].map(name => ({
    type: 'function',
    function: { name, description: `To ${name} for word${number}q0z.`, parameters },
  }));
}

/** What is given out of it where the client takes one call at a time. */
function shortened(native: NativeMessage, { isSerial }: Request): NativeMessage {
  const { tool_calls } = native;
  return isSerial && tool_calls ? { ...native, tool_calls: tool_calls.slice(0, 1) } : native;
}

function stateOf({ headers }: Response): string {
  return headers.get('x-session-state') ?? '';
}

function isShown(native: NativeMessage, message: WireMessage): boolean {
  const { content, reasoning_content = '', tool_calls: given = [] } = message;
  const { text, reasoning, calls } = shownOf(native);
  return (
    text === (content ?? '') &&
    reasoning === reasoning_content &&
    calls.length === given.length &&
    given.every(({ id, function: called }, place) => {
      const isId = id === native.tool_calls?.[place]?.id || id.startsWith('call_');
      return isId && JSON.stringify(called) === JSON.stringify(calls[place]);
    })
  );
}
