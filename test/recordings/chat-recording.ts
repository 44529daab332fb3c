// A recorded chat exchange in both of Cohere's forms, and the request of an OpenAI client that leads to it.
import { type CohereAnswer, collectAnswer, streamAnswer } from '../support/cohere-answer.ts';
import { cohereComplaints } from '../support/cohere-schema.ts';
import { type Recording, responseText } from '../support/reference.ts';
import { toOpenAiRequest } from '../support/to-openai-request.ts';

export interface ChatRecording {
  readonly recording: Recording;
  readonly answer: CohereAnswer;
  /** The recorded text in the form in which it was recorded, ours in the other. */
  readonly whole: string;
  readonly streamed: string;
}

export function readChatRecording(recording: Recording): ChatRecording {
  const text = responseText(recording);
  if (recording.response.sse) {
    const answer = collectAnswer(text);
    return { recording, answer, whole: JSON.stringify(answer), streamed: text };
  }
  const answer = JSON.parse(text) as CohereAnswer;
  return { recording, answer, whole: text, streamed: streamAnswer(answer) };
}

export function openAiRequest(
  { recording, answer }: ChatRecording,
  stream: boolean,
): Record<string, unknown> {
  return toOpenAiRequest(recording.request.body ?? handWritten(answer), stream);
}

/** For an answer whose request was not recorded: one that could have led to it. In Cohere's shape. */
function handWritten({ message, finish_reason }: CohereAnswer): Record<string, unknown> {
  const isThinking = message.content?.some(block => block.type === 'thinking');
  const names = new Set(message.tool_calls?.map(call => call.function.name));
  return {
    model: isThinking ? 'command-a-reasoning-08-2025' : 'command-a-03-2025',
    messages: [{ role: 'user', content: 'Please go on.' }],
    ...(names.size > 0 ? { tools: [...names].map(declareTool) } : {}),
    ...(message.citations ? { documents: [{ id: 'doc:0', data: { text: 'What it is about.' } }] } : {}),
    ...(finish_reason === 'MAX_TOKENS' ? { max_tokens: 4 } : {}),
  };
}

function declareTool(name: string) {
  return {
    type: 'function',
    function: {
      name,
      description: 'Does what it is called.',
      parameters: { type: 'object', properties: {} },
    },
  };
}

/** The request for a recorded refusal. What Cohere refuses by its form cannot come from the proxy: then a plain one. */
export function refusedRequest({ request, model }: Recording, stream: boolean): Record<string, unknown> {
  const { body } = request;
  return body && cohereComplaints(body).length === 0
    ? toOpenAiRequest(body, stream)
    : {
        model: model ?? 'command-a-03-2025',
        messages: [{ role: 'user', content: 'Please go on.' }],
        ...(stream ? { stream } : {}),
      };
}
