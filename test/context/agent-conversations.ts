// Conversations in the shapes of two families of coding agents, written by hand.
import type { ClientMessage } from './client-message.ts';

export interface Conversation {
  readonly name: string;
  readonly body: { readonly messages: readonly ClientMessage[]; readonly [field: string]: unknown };
}

function tool(name: string, ...fields: string[]) {
  const properties = Object.fromEntries(fields.map(field => [field, { type: 'string' }]));
  const parameters = { type: 'object', properties, required: fields, additionalProperties: false };
  return {
    type: 'function',
    function: { name, description: `The tool ${name}.`, parameters, strict: true },
  };
}

function call(id: string, name: string, given: object) {
  return { id, type: 'function' as const, function: { name, arguments: JSON.stringify(given) } };
}

function text(words: string) {
  return { type: 'text', text: words };
}

function details(minute: string) {
  return text(
    `<environment_details>\n# Open Tabs\nsrc/note.ts\n\n# Current Time\n2026-11-22T09:${minute}:07.123Z\n\n# Current Cost\n$0.00\n</environment_details>`,
  );
}

const listing = 'File: src/note.ts\n1 | const note = "PLUM";';

/** The editor's state after each result; what the user says comes as a result of the tool that asked for it. */
const editorAgent: Conversation = {
  name: 'an agent in an editor',
  body: {
    stream: true,
    stream_options: { include_usage: true },
    tool_choice: 'auto',
    parallel_tool_calls: true,
    max_completion_tokens: -1,
    tools: [
      tool('read_file', 'path'),
      tool('ask_followup_question', 'question'),
      tool('attempt_completion', 'result'),
    ],
    messages: [
      { role: 'system', content: 'You write programs.\n\nUse one tool in each turn.' },
      {
        role: 'user',
        content: [text('<user_message>\nMend the note.\n</user_message>'), details('00')],
      },
      {
        role: 'assistant',
        content: 'I will read both.',
        tool_calls: [
          call('read_a', 'read_file', { path: 'src/note.ts' }),
          call('read_b', 'read_file', { path: 'src/main.ts' }),
        ],
      },
      { role: 'tool', tool_call_id: 'read_a', content: listing },
      { role: 'tool', tool_call_id: 'read_b', content: listing },
      { role: 'user', content: [details('01')] },
      {
        role: 'assistant',
        content: '',
        tool_calls: [call('done_a', 'attempt_completion', { result: 'It is mended.' })],
      },
      {
        role: 'tool',
        tool_call_id: 'done_a',
        content: '<user_message>\nNot yet, look again.\n</user_message>',
      },
      { role: 'user', content: [details('02')] },
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          call('read_c', 'read_file', { path: 'src/note.ts' }),
          call('ask_a', 'ask_followup_question', { question: 'Which word?' }),
        ],
      },
      { role: 'tool', tool_call_id: 'read_c', content: listing },
      { role: 'tool', tool_call_id: 'ask_a', content: '<user_message>\nThe first.\n</user_message>' },
      { role: 'user', content: [details('03')] },
    ],
  },
};

/** Results stand alone, what was thought comes back, the user speaks in messages of its own. */
const terminalAgent: Conversation = {
  name: 'an agent in a terminal',
  body: {
    stream: true,
    stream_options: { include_usage: true },
    tool_choice: 'auto',
    max_tokens: 8192,
    tools: [tool('read', 'filePath'), tool('bash', 'command')],
    messages: [
      { role: 'system', content: 'You are an agent in a terminal.' },
      { role: 'user', content: '"Mend the note"' },
      thinking({ content: '', tool_calls: [call('read_a', 'read', { filePath: '/src/note.ts' })] }),
      {
        role: 'tool',
        tool_call_id: 'read_a',
        content: '<path>/src/note.ts</path>\n<content>\n1: PLUM\n</content>',
      },
      thinking({ content: 'The note says PLUM.' }),
      { role: 'user', content: '"and again?"' },
    ],
  },
};

function thinking(said: Omit<ClientMessage, 'role'>) {
  return { role: 'assistant', ...said, reasoning_content: 'First the file, then the mending.' };
}

export const writtenConversations = [editorAgent, terminalAgent];
