// Recorded requests as the conversation that they were: what Cohere must have answered is read from the request that
// came next, where the client says it again in its own words.
import { type ClientRequest, clientRequests } from '../support/reference.ts';
import { type NativeMessage, reasoning, sayText } from './native-answer.ts';
import type { TranscriptClient, Turned, WireCall, WireMessage } from './transcript-client.ts';

export interface RecordedChat extends ClientRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly WireMessage[];
}

/** The chat requests of one recording, in order. */
export function recordedChats(file: string): RecordedChat[] {
  return clientRequests()
    .filter(({ name, path }) => name.startsWith(`${file} `) && path.endsWith('/chat/completions'))
    .map(request => {
      const { body = {} } = request;
      const { model, stream, messages } = body;
      return {
        ...request,
        model: String(model),
        stream: stream === true,
        messages: messages as readonly WireMessage[],
      };
    });
}

/** Sends one of them, and has it answered with this. */
export function replay(client: TranscriptClient, chat: RecordedChat, native: NativeMessage): Promise<Turned> {
  const { body, model, messages, stream, path } = chat;
  return client.turn({ ...body, model, messages, stream }, native, headersOf(chat), path);
}

/** All of them, one after the other. */
export async function replayAll(client: TranscriptClient, chats: readonly RecordedChat[]): Promise<Turned[]> {
  const turns: Turned[] = [];
  for (const [place, chat] of chats.entries())
    turns.push(await replay(client, chat, nativeAnswer(chats, place)));
  return turns;
}

/** Headers of the recorded connection belong to that connection. */
const ofConnection = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'accept-encoding',
]);

export function headersOf({ headers }: ClientRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !ofConnection.has(name.toLowerCase())),
  );
}

/** What Cohere said to the request at this place, with what no client sends back. */
export function nativeAnswer(chats: readonly RecordedChat[], place: number): NativeMessage {
  const asked = chats[place];
  if (!asked) throw new Error(`no request ${place}`);
  const { messages, model } = asked;
  const next = chats.slice(place + 1).find(later => beginsWith(later.messages, messages));
  const said = next?.messages[messages.length];
  if (!said) return sayText(`The end of ${place}.`);
  const text = typeof said.content === 'string' ? said.content : '';
  const thought = `What I thought in request ${place}.`;
  const thinks = model === reasoning;
  const blocks: NonNullable<NativeMessage['content']> = [
    ...(thinks ? [{ type: 'thinking' as const, thinking: thought }] : []),
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
  ];
  const { tool_calls } = said;
  return {
    role: 'assistant',
    ...(blocks.length > 0 ? { content: blocks } : {}),
    ...(tool_calls && !thinks ? { tool_plan: thought } : {}),
    ...(tool_calls ? { tool_calls: tool_calls.map(withOtherBytes) } : {}),
  };
}

function beginsWith(messages: readonly WireMessage[], start: readonly WireMessage[]): boolean {
  const beginning = messages.slice(0, start.length);
  return messages.length > start.length && JSON.stringify(beginning) === JSON.stringify(start);
}

/** The same arguments, as a model writes them: other spaces, another order, a null that the client drops. */
function withOtherBytes({ id, function: { name, arguments: text } }: WireCall): WireCall {
  const fields = Object.entries(JSON.parse(text)).reverse();
  const written = JSON.stringify({ ...Object.fromEntries(fields), unsaid: null }, null, 4);
  return { id, type: 'function', function: { name, arguments: written } };
}
