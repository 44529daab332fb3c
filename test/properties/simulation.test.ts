// P11: many clients, sessions and faults from one seed, against the real proxy; after each turn every promise is looked
// at, and at the end each session against what was acknowledged.
import { expect, test } from 'vitest';
import { start as begin, callDelta, callStart, frames, messageEnd, text } from '../support/cohere-stream.ts';
import { ask, expectErrorShape, goodAnswer, type Outcome, readSession } from '../support/outcome.ts';
import { randomSource } from '../support/seed.ts';
import { type Pair, startPair, within } from '../support/start.ts';
import { bytes, chunk, end, error, fin, head, json, rst, type Step } from '../support/upstream-script.ts';

const owners = ['ada', 'ben', 'cyd'];
const keyOf = (name: string) => `key-of-${name}-0123456789`;
const as = (name: string) => ({ authorization: `Bearer ${keyOf(name)}` });

interface Asked {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream: boolean;
}

/** What Cohere does with a call: answers, or one of the ways in which it does not. */
function choose(random: () => number, { messages, stream }: Asked): Step[] {
  const answer = `re ${messages.at(-1)?.content}`;
  const whole = frames(begin, text(answer), messageEnd());
  const faults: (() => Step[])[] = [
    () => error(503, 'away'),
    () => error(500, { message: 'no' }),
    () => error(429, { message: 'slowly' }, { 'retry-after': '1' }),
    () => error(422, { message: 'No valid response generated', error_type: 'NO_VALID_RESPONSE_GENERATED' }),
    () => error(200, '<html>', {}, 'text/html'),
    () => [bytes('garbage\r\n\r\n'), fin()],
    () => [rst()],
    () => [
      head(),
      chunk(whole.slice(0, Math.floor(random() * whole.length))),
      random() < 0.5 ? rst() : fin(),
    ],
    () => [head(), chunk(frames(begin, text('a'), messageEnd('ERROR'))), end()],
    () => [head(), chunk(frames(begin, callStart(0, 'c'), callDelta(0, '{"a"'))), end()],
  ];
  if (random() < 0.25) return faults[Math.floor(random() * faults.length)]?.() ?? [];
  if (!stream) return json(goodAnswer(answer));
  const cuts = Array.from({ length: 3 }, () => Math.floor(random() * whole.length));
  return [head(), chunk(whole, { splitAt: cuts }), end()];
}

interface Known {
  readonly owner: string;
  readonly id: string;
  /** What was acknowledged, in order. */
  readonly said: string[];
  /** What failed, or was left: the client cannot know of it. */
  readonly unsure: Set<string>;
}

class Simulation {
  readonly #random: () => number;
  readonly #pair: Pair;
  readonly #sessions: Known[] = [];
  readonly counts = { answered: 0, failed: 0, left: 0, deleted: 0 };
  #made = 0;

  constructor(random: () => number, pair: Pair) {
    this.#random = random;
    this.#pair = pair;
    pair.fake.setDefault(({ json: body }) => choose(random, body as Asked));
  }

  /** Some at the same time, each on a session of its own choice. */
  async run(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1)
      await within(Promise.all([1, 2, 3, 4].map(() => this.#step())), `round ${round}`);
    for (const known of this.#sessions) await this.#check(known);
  }

  async #step(): Promise<void> {
    const random = this.#random;
    const known = random() < 0.2 ? undefined : this.#pick();
    if (known && random() < 0.05) return this.#delete(known);
    const owner = known?.owner ?? owners[Math.floor(random() * owners.length)] ?? '';
    this.#made += 1;
    const session = known ?? { owner, id: `s${this.#made}`, said: [], unsure: new Set<string>() };
    if (!known) this.#sessions.push(session);
    // The owner's name in each word: nobody else may ever read it.
    const message = `${owner}-${this.#made}`;
    const body = { sessionId: session.id, message, stream: random() < 0.6 };
    if (random() < 0.1) return this.#leave(session, body);
    const outcome = await ask(this.#pair, body, as(owner));
    this.#look(outcome, owner);
    if (outcome.error) {
      this.counts.failed += 1;
      return;
    }
    this.counts.answered += 1;
    expect(outcome.text).toBe(`re ${message}`);
    session.said.push(message);
  }

  #pick(): Known | undefined {
    return this.#sessions[Math.floor(this.#random() * this.#sessions.length)];
  }

  /** I1, I6, I10. */
  #look(outcome: Outcome, owner: string): void {
    if (outcome.error) expectErrorShape(outcome);
    expect(outcome.error !== undefined && (outcome.isDone || outcome.finishReasons.length > 0)).toBe(false);
    for (const other of owners) if (other !== owner) expect(outcome.raw).not.toContain(`${other}-`);
  }

  /** Whether it was stored is not known to who has left. */
  async #leave(session: Known, body: { readonly message: string }): Promise<void> {
    this.counts.left += 1;
    session.unsure.add(body.message);
    const leaving = new AbortController();
    const response = this.#pair.post(body, { headers: as(session.owner), signal: leaving.signal });
    const turns = Math.floor(this.#random() * 30);
    for (let turn = 0; turn < turns; turn += 1) await new Promise(resolve => setImmediate(resolve));
    leaving.abort();
    await response.then(
      answer => answer.text().catch(() => ''),
      () => '',
    );
  }

  async #delete(session: Known): Promise<void> {
    this.counts.deleted += 1;
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    const path = `/v1/sessions/${session.id}`;
    await (await this.#pair.send('DELETE', path, { headers: as(session.owner) })).text();
  }

  /** I2, I3, I4: all that was acknowledged, in order, in whole turns; beside it only what nobody was told of. */
  async #check({ owner, id, said, unsure }: Known): Promise<void> {
    const messages = (await readSession(this.#pair, id, as(owner)))?.messages ?? [];
    const turns = messages.filter(({ role }) => role === 'user').map(({ content }) => String(content));
    expect(messages.map(({ content }) => content)).toEqual(turns.flatMap(turn => [turn, `re ${turn}`]));
    expect(turns.filter(turn => !unsure.has(turn)).toSorted()).toEqual(said.toSorted());
    expect(new Set(turns).size).toBe(turns.length);
    for (const other of owners) {
      if (other !== owner) expect(await readSession(this.#pair, id, as(other))).toBeUndefined();
    }
  }
}

test('P11 [I1] [I2] [I3] [I4] [I6] [I13] whatever happens to them, sessions hold what was acknowledged', async () => {
  const random = randomSource('simulation');
  const pair = await startPair({ proxyKeys: owners.map(name => ({ name, key: keyOf(name) })) });
  const simulation = new Simulation(random, pair);
  await simulation.run(100);
  const { answered, failed, left, deleted } = simulation.counts;
  expect(Math.min(answered / 50, failed / 10, left, deleted)).toBeGreaterThanOrEqual(1);
  // Two calls a turn at most.
  expect(pair.fake.chatRequests.length).toBeLessThanOrEqual(2 * (answered + failed + left));
});
