// What the upstream says, made once. Shapes and sizes as in the recordings of Cohere.

/** A model for each kind of answer: the upstream goes by its name. */
export const models = { json: 'bench-json', burst: 'bench-burst', paced: 'bench-paced' } as const;

export const burstDeltas = 500;
export const pacedDeltas = 100;
export const paceMs = 5;
/** Events beside the text deltas: message-start, content-start, content-end, message-end, [DONE]. */
export const otherEvents = 5;

const id = 'c14c80c3-18eb-4519-9460-6c92edd8cfb4';
export const answerText =
  'There are three of them on the list, and the second is the one that you asked about earlier today.';
const usage = {
  billed_units: { input_tokens: 12, output_tokens: 21 },
  tokens: { input_tokens: 507, output_tokens: 23 },
  cached_tokens: 448,
};

function event(type: string, rest: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
}

// Each event is a chunk of its own, as a server that flushes each one sends it.
function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

const streamHead =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n';
const begin =
  chunk(
    event('message-start', {
      id,
      delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
    }),
  ) +
  chunk(event('content-start', { index: 0, delta: { message: { content: { type: 'text', text: '' } } } }));
const delta = (number: number) =>
  chunk(
    event('content-delta', { index: 0, delta: { message: { content: { text: ` word${number % 10}` } } } }),
  );
const end =
  chunk(event('content-end', { index: 0 })) +
  chunk(event('message-end', { delta: { finish_reason: 'COMPLETE', usage } })) +
  `${chunk('data: [DONE]\n\n')}0\r\n\r\n`;

export const burstAnswer = Buffer.from(
  streamHead + begin + Array.from({ length: burstDeltas }, (_, number) => delta(number)).join('') + end,
);

/** One write each: all up to the first word, each further word, and the end. */
export const pacedAnswer: readonly Buffer[] = [
  streamHead + begin + delta(0),
  ...Array.from({ length: pacedDeltas - 1 }, (_, number) => delta(number + 1)),
  end,
].map(text => Buffer.from(text));

export const jsonAnswer = whole({
  id,
  finish_reason: 'COMPLETE',
  message: { role: 'assistant', content: [{ type: 'text', text: answerText }] },
  usage,
});

export const modelsAnswer = whole({
  models: Object.values(models).map(name => ({
    name,
    endpoints: ['chat'],
    context_length: 288_000,
    features: [
      'json_mode',
      'json_schema',
      'safety_modes',
      'citations',
      'strict_tools',
      'tools',
      'tool_choice',
    ],
  })),
});

function whole(body: object): Buffer {
  const text = JSON.stringify(body);
  return Buffer.from(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\n\r\n${text}`,
  );
}
