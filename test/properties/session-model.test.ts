// P7: whatever clients do to their sessions, each holds what a plain list would, and the model is shown all of it.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CohereProxyServer } from '../../src/index.ts';
import { fromSeed } from './from-seed.ts';

const server = new CohereProxyServer({ offline: true, port: 0, sessionStore: 'memory:', logLevel: 'silent' });
let url = '';
beforeAll(async () => {
  url = (await server.listen()).url;
});
afterAll(() => server.close());

interface Answer {
  readonly sessionId: string;
  readonly reply: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly error?: { readonly code: string };
}

async function post(body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

const json = async (response: Response) => (await response.json()) as Answer;

/** Reads the beginning, and leaves. */
async function abandon(body: object): Promise<void> {
  const leaving = new AbortController();
  const response = await post({ ...body, stream: true }, leaving.signal);
  await response.body?.getReader().read();
  leaving.abort();
}

/** Without the answer's end; the text says whether there was one. */
async function readAll(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch {
    return 'broken off';
  }
}

interface Session {
  readonly id: string;
  /** What the user said, as the model must know it. */
  said: readonly string[];
}

const step = fc.record({
  what: fc.constantFrom(
    'open',
    'name',
    'send',
    'send',
    'stream',
    'fail',
    'break',
    'abandon',
    'delete',
    'replace',
  ),
  which: fc.nat(2),
  fault: fc.constantFrom('simulate:429-month', 'simulate:cut'),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

let runs = 0;

class Run {
  readonly #user: string;
  readonly #sessions: Session[] = [];
  readonly #deleted: string[] = [];
  #count = 0;

  constructor() {
    runs += 1;
    this.#user = `run ${runs}`;
  }

  async do({ what, which, fault }: Step): Promise<void> {
    const { user } = this.#with();
    const session = this.#sessions[which % Math.max(1, this.#sessions.length)];
    this.#count += 1;
    // Nothing that the pretend model takes for a fact, a question or a fault.
    const message = `note ${this.#count}`;
    if (what === 'open' || what === 'name' || !session) {
      const id = `mine-${this.#count}`;
      const answer = await json(await post({ message, user, ...(what === 'name' ? { sessionId: id } : {}) }));
      if (what === 'name') expect(answer.sessionId).toBe(id);
      this.#sessions.push({ id: answer.sessionId, said: [message] });
      return;
    }
    const sessionId = session.id;
    switch (what) {
      case 'send': {
        session.said = [...session.said, message];
        const { reply, messages } = await json(await post({ message, sessionId, user }));
        expect(saidIn(messages)).toEqual(session.said);
        expect(reply).toContain(`seen ${session.said.length} message`);
        return;
      }
      case 'stream': {
        session.said = [...session.said, message];
        const text = await readAll(await post({ message, sessionId, user, stream: true }));
        expect(text).toMatch(/\[DONE\]\n\n$/);
        return;
      }
      case 'fail':
        expect(await json(await post({ message: fault, sessionId, user }))).toHaveProperty('error');
        return;
      case 'break':
        expect(await readAll(await post({ message: fault, sessionId, user, stream: true }))).not.toContain(
          '[DONE]',
        );
        return;
      case 'abandon':
        await abandon({ message: 'simulate:stall', sessionId, user });
        return;
      case 'delete': {
        const response = await fetch(this.#path(session), { method: 'DELETE' });
        expect(response.status).toBe(200);
        this.#sessions.splice(this.#sessions.indexOf(session), 1);
        this.#deleted.push(sessionId);
        return;
      }
      case 'replace': {
        const before = { ...session };
        session.said = ['one', message];
        const messages = [
          { role: 'user', content: 'one' },
          { role: 'assistant', content: 'two' },
          { role: 'user', content: message },
        ];
        expect((await json(await post({ messages, sessionId, user }))).sessionId).toBe(sessionId);
        // What was there stays, under an id that the session tells.
        const replaced = (await (await fetch(this.#path(session))).json()) as { parent_id: string };
        this.#sessions.push({ ...before, id: replaced.parent_id });
      }
    }
  }

  async check(): Promise<void> {
    const { user } = this.#with();
    const list = await (
      await fetch(`${url}/v1/sessions?limit=100&branches=true&user=${encodeURIComponent(user)}`)
    ).json();
    const ids = (list as { data: { id: string }[] }).data.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(this.#sessions.map(({ id }) => id).toSorted());
    for (const session of this.#sessions) {
      const { messages } = await json(await fetch(this.#path(session)));
      expect(saidIn(messages)).toEqual(session.said);
      expect(messages.map(({ role }) => role)).toEqual(session.said.flatMap(() => ['user', 'assistant']));
    }
    for (const sessionId of this.#deleted.filter(id => id.startsWith('sess_'))) {
      const answer = await json(await post({ message: 'Hello', sessionId, user }));
      expect(answer.error?.code).toBe('session_not_found');
    }
  }

  #with() {
    return { user: this.#user };
  }

  #path({ id }: Session): string {
    return `${url}/v1/sessions/${id}?user=${encodeURIComponent(this.#user)}`;
  }
}

function saidIn(messages: Answer['messages']): string[] {
  return messages.flatMap(({ role, content }) => (role === 'user' ? content : []));
}

test('P7 a session holds what was answered, and nothing of what failed or was left', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async steps => {
      const run = new Run();
      for (const one of steps) await run.do(one);
      await run.check();
    }),
    fromSeed('session model', 100),
  );
}, 60_000);
