// One conversation with the proxy, shown as it goes: what the client says, what Cohere is sent, what comes back.
import type { Simulator } from '../simulator/server.ts';
import { type ChatAnswer, chat, DemoFailure } from './client.ts';
import { GrowingRow, row } from './screen.ts';

/** Sends what is new, and shows what became of it. */
export class ShownChat {
  readonly #baseUrl: string;
  readonly #simulator: Simulator | undefined;
  sessionId: string | undefined;
  sent = 0;

  constructor(baseUrl: string, simulator: Simulator | undefined) {
    this.#baseUrl = baseUrl;
    this.#simulator = simulator;
  }

  async say(body: {
    readonly message?: string;
    readonly messages?: readonly { readonly role: string; readonly content: string }[];
    readonly [field: string]: unknown;
  }): Promise<ChatAnswer> {
    const { sessionId } = this;
    const news = body.messages ?? [{ role: 'user', content: body.message ?? '' }];
    for (const { role, content } of news) row(role === 'user' ? 'you' : role, content);
    const { head, read } = await chat(this.#baseUrl, sessionId === undefined ? body : { sessionId, ...body });
    const expected = sessionId === undefined ? 'new' : 'continued';
    if (head.state !== expected || (sessionId !== undefined && head.sessionId !== sessionId)) {
      throw new DemoFailure(`the session should be ${expected}, but is ${head.state}.`);
    }
    this.sessionId = head.sessionId;
    this.sent += news.length;
    row('session', `${head.sessionId}  (X-Session-State: ${head.state})`);
    if (this.#simulator) showPrompt(this.#simulator);

    const text = new GrowingRow('answer');
    const answer = await read(piece => text.add(piece));
    text.end();
    for (const { function: called } of answer.messages.at(-1)?.tool_calls ?? []) {
      row('calls', `${called.name} ${called.arguments}`);
    }
    if (!this.#simulator) row('remembered', roles(answer.messages));
    if (answer.usage) row('usage', usageLine(answer.usage));
    return answer;
  }
}

interface SentMessage {
  readonly role: string;
  readonly content?: unknown;
}

/** What the offline Cohere was sent last. */
function showPrompt({ requests }: Simulator): void {
  const request = requests.findLast(({ path }) => path === '/v2/chat');
  const { messages = [], tools = [] } = (request?.body ?? {}) as {
    messages?: readonly SentMessage[];
    tools?: readonly { readonly function: { readonly name: string } }[];
  };
  const content = messages.at(-1)?.content;
  const names = tools.map(tool => tool.function.name).join(', ');
  row('to Cohere', `${roles(messages)}${names === '' ? '' : `; tools: ${names}`}`);
  row('  the last', typeof content === 'string' ? content : JSON.stringify(content));
}

const shortRoles = new Map([['assistant', 'asst']]);

function roles(messages: readonly { readonly role: string }[]): string {
  const names = messages.map(({ role }) => shortRoles.get(role) ?? role).join(' ');
  return `${messages.length} ${messages.length === 1 ? 'message' : 'messages'}: ${names}`;
}

function usageLine({
  prompt_tokens,
  completion_tokens,
  prompt_tokens_details: details,
}: NonNullable<ChatAnswer['usage']>) {
  const cached = details ? `, ${details.cached_tokens} of them cached` : '';
  return `${prompt_tokens} tokens in${cached}; ${completion_tokens} out`;
}
