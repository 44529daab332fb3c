// The recorded conversations of real clients, request by request with their headers: each lands where it belongs, is
// stored once, and brings Cohere its own words back.
import { describe, expect, it } from 'vitest';
import { Gate } from '../support/gate.ts';
import { asGivenOut } from '../support/own-call-id.ts';
import { demandReference, hasReference } from '../support/reference.ts';
import { startPair } from '../support/start.ts';
import { gate } from '../support/upstream-script.ts';
import { answers, holdStory, tools, user } from './agent-story.ts';
import { heardAnswers, heardAs, planning as model, sayNative, sayText } from './native-answer.ts';
import {
  headersOf,
  nativeAnswer,
  type RecordedChat,
  recordedChats,
  replay,
  replayAll,
} from './recorded-conversation.ts';
import { readTurn, TranscriptClient, type Turned } from './transcript-client.ts';

demandReference('The recorded conversations of clients');

interface Recorded {
  /** Of each request: its session, with the one that it comes from where it is not simply new. */
  readonly course: readonly string[];
  readonly label?: string;
}

const conversations: Readonly<Record<string, Recorded>> = {
  'roo-code_openai-compatible_tools-3-requests': { course: ['A', 'A', 'A'] },
  'roo-code_openai-compatible_custom-headers_max-tokens': { course: ['A', 'A'], label: 'my-static-value' },
  'roo-code_openrouter-custom-base-url_reasoning-details': { course: ['A', 'A'] },
  'zoo-code_litellm_session-header': {
    course: ['A', 'A', 'A'],
    label: '01a203a6-6970-7166-93c0-77b0a2d59e79',
  },
  // A summary that is asked for beside the chat, then the chat with its middle cut out.
  'zoo-code_openai-compatible_condense-and-truncate': { course: ['A', 'A', 'A', 'B', 'C of A'] },
  'zoo-code_openai-compatible_preserve-reasoning': { course: ['A', 'A', 'A'] },
  // The title, then the chat.
  'opencode_run-and-continue': {
    course: ['A', 'B', 'B', 'B', 'B'],
    label: 'ses_dfc58bdc5ffeGWjfSE4RIZfCwr',
  },
  'openai-node_chat-completions': { course: ['A', 'A', 'B', 'C', 'C', 'D'] },
  'ai-sdk_openai-compatible': { course: ['A', 'A', 'B', 'B', 'C'] },
  'ai-sdk_openai': { course: ['A', 'A'] },
};

describe.runIf(hasReference)('recorded conversations', () => {
  it.each(Object.entries(conversations))('%s', async (file, { course, label = null }) => {
    const client = new TranscriptClient(await startPair());
    const chats = recordedChats(file);
    expect(chats).toHaveLength(course.length);
    const turns = await replayAll(client, chats);

    const ids = new Map<string, string>();
    const expected: Record<string, object> = {};
    for (const [place, step] of course.entries()) {
      const [name = '', parent] = step.split(' of ');
      const { id = '', state = null } = turns[place] ?? {};
      const known = ids.get(name);
      expect({ id: known ?? id, state }).toEqual({ id, state: known ? 'continued' : 'new' });
      ids.set(name, id);
      const parent_id = parent === undefined ? null : ids.get(parent);
      const message_count = (chats[place]?.messages.length ?? 0) + 1;
      expected[id] = known ? { ...expected[id], message_count } : { parent_id, label, message_count };
    }
    expect(ids.size).toBe(Object.keys(expected).length);
    await client.expectSessions(expected);
    if (label !== null) await client.expectSessions(expected, `branches=true&label=${label}`);

    for (const [place, { heard, id }] of turns.entries()) {
      if (turns[place - 1]?.id !== id) continue;
      const before = turns.flatMap((turn, at) =>
        turn.id === id && at < place ? heardAs(nativeAnswer(chats, at), chats[place]?.model ?? '') : [],
      );
      expect(before.length).toBeGreaterThan(0);
      expect(heardAnswers(heard)).toEqual(before);
    }
    await expectStored(client, chats, turns);
  });

  it('what Zoo cuts out of the middle leaves the answers that it kept as Cohere gave them', async () => {
    const client = new TranscriptClient(await startPair());
    const chats = recordedChats('zoo-code_openai-compatible_condense-and-truncate');
    // Its third answer is sent again only here.
    const third = chats.at(-1)?.messages.findLast(({ role }) => role === 'assistant');
    const [first, second, whole] = chats;
    if (!first || !second || !whole || !third) throw new Error('not the recording that it was');
    const continued = { ...whole, messages: [...whole.messages, third, user('more')] };
    const three = [first, second, whole, continued];
    const turns = await replayAll(client, three);
    const cut = chats.at(-1);
    if (!cut) throw new Error('not the recording that it was');
    const later = await replay(client, cut, sayText('Done.'));
    expect(later.state).toBe('new');
    expect((await client.session(later.id)).parent_id).toBe(turns[0]?.id);
    expect(heardAnswers(later.heard)).toEqual(
      [1, 2].flatMap(place => heardAs(nativeAnswer(three, place), cut.model)),
    );
  });

  it('the title of a chat is asked for while its first turn runs', async () => {
    const pair = await startPair();
    const client = new TranscriptClient(pair);
    const [title, ...chats] = recordedChats('opencode_run-and-continue');
    if (!title) throw new Error('no title in the recording');
    const place = new Gate();
    pair.fake.script(gate(place), ...sayNative(sayText('A secret word'), true));
    const running = client.post(title.body ?? {}, headersOf(title), title.path);
    await place.reached;
    const turns = await replayAll(client, chats);
    place.open();
    const titled = await readTurn(await running, true);
    expect(titled.state).toBe('new');
    expect(turns.map(({ state }) => state)).toEqual(['new', 'continued', 'continued', 'continued']);
    await client.expectSessions({
      [titled.id]: { parent_id: null, message_count: title.messages.length + 1 },
      [turns[0]?.id ?? '']: { parent_id: null, message_count: (chats.at(-1)?.messages.length ?? 0) + 1 },
    });
  });

  it('all clients at one proxy, turn about: none gets in the way of another', async () => {
    const client = new TranscriptClient(await startPair());
    // Two of them were recorded with the same words and the same answer: nothing could tell those apart.
    const files = Object.entries(conversations).filter(([file]) => !file.startsWith('openai-node'));
    const all = files.map(([file, { course }]) => ({
      course,
      chats: recordedChats(file),
      ids: new Map<string, string>(),
    }));
    for (const place of [0, 1, 2, 3, 4, 5]) {
      for (const { course, chats, ids } of all) {
        const chat = chats[place];
        const [name = ''] = course[place]?.split(' of ') ?? [];
        if (!chat) continue;
        const { id } = await replay(client, chat, nativeAnswer(chats, place));
        expect(ids.get(name) ?? id).toBe(id);
        ids.set(name, id);
      }
    }
    const ids = all.flatMap(one => [...one.ids.values()]);
    expect(Object.keys(await client.sessions()).sort()).toEqual(ids.sort());
    expect(new Set(ids).size).toBe(ids.length);
  });
});

/** Each session holds what its last request brought, and the answers with the bytes of their arguments. */
async function expectStored(
  client: TranscriptClient,
  chats: readonly RecordedChat[],
  turns: readonly Turned[],
) {
  for (const id of new Set(turns.map(turn => turn.id))) {
    const last = turns.findLastIndex(turn => turn.id === id);
    const { messages } = await client.session(id);
    const sent = chats[last]?.messages ?? [];
    expect(messages.map(({ role, tool_call_id }) => ({ role, tool_call_id }))).toEqual([
      ...sent.map(({ role, tool_call_id }) => ({ role, tool_call_id: tool_call_id && expect.any(String) })),
      { role: 'assistant' },
    ]);
    const said = turns.flatMap((turn, at) => (turn.id === id ? nativeAnswer(chats, at) : []));
    const stored = messages.filter(({ role }) => role === 'assistant').slice(-said.length);
    expect(stored.map(({ tool_calls }) => tool_calls)).toEqual(
      said.map(({ tool_calls }) => tool_calls && asGivenOut(tool_calls)),
    );
  }
}

/** Headers by which clients name their conversation: a label, wherever they send it. */
const sessionHeaders: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Codex: {
    'session-id': '01a203a7-aaaa',
    'thread-id': '01a203a7-aaaa',
    'x-client-request-id': '01a203a7-aaaa',
    originator: 'codex_exec',
  },
  'Claude Code': { 'x-claude-code-session-id': '01a203a7-bbbb' },
  opencode: { 'x-session-id': 'ses_cccc', 'x-session-affinity': 'ses_cccc' },
  'opencode by its affinity alone': { 'x-session-affinity': 'ses_dddd' },
  'opencode at its own service': { 'x-opencode-session': 'ses_eeee' },
  'Zoo at LiteLLM': { 'X-Zoo-Session-ID': '01a203a7-ffff' },
  'Roo as OpenAI': { session_id: '01a203a7-0000', originator: 'roo-code' },
  'Open WebUI': { 'X-OpenWebUI-Chat-Id': '01a203a7-1111' },
};

describe('session headers', () => {
  it.each(Object.entries(sessionHeaders))('of %s: a label, and no more', async (_, headers) => {
    const client = new TranscriptClient(await startPair());
    const [label = ''] = Object.values(headers);
    const held = await holdStory(client, { model, headers });
    const other = await client.turn({ model, messages: [user('Another thing.')] }, sayText('Yes?'), headers);
    expect(other.state).toBe('new');
    const more = [...held.messages, user('All three in one word?')];
    const later = await client.turn({ model, messages: more, tools }, sayText('PINEAPPLETREE'), headers);
    expect({ id: later.id, state: later.state }).toEqual({ id: held.id, state: 'continued' });
    expect(heardAnswers(later.heard)).toEqual(
      answers(model)
        .slice(0, 4)
        .flatMap(native => heardAs(native, model)),
    );
    const expected = {
      [held.id]: { label, parent_id: null, message_count: more.length + 1 },
      [other.id]: { label, parent_id: null, message_count: 2 },
    };
    await client.expectSessions(expected);
    await client.expectSessions(expected, `label=${label}`);
    await client.expectSessions({}, 'label=01a203a7');
  });

  it('no header, no label', async () => {
    const client = new TranscriptClient(await startPair());
    const held = await holdStory(client, { model, headers: { 'x-request-id': 'r', 'x-title': 'Roo Code' } });
    await client.expectSessions({ [held.id]: { label: null, message_count: held.messages.length } });
  });
});
