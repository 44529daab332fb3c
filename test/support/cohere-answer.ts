// Cohere's answer in its two forms, whole and streamed, and the way from each to the other. Written apart from
// src/, as simply as the wire allows, so that tests can compare the proxy with it.

export interface CohereCitation {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly sources: readonly Readonly<Record<string, unknown>>[];
  readonly type?: string;
  readonly content_index?: number;
}

interface CohereToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

type CohereBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly thinking: string };

interface CohereUsage {
  readonly billed_units?: { readonly input_tokens?: number; readonly output_tokens?: number };
  readonly tokens?: {
    readonly input_tokens?: number;
    readonly output_tokens?: number;
    readonly image_tokens?: number;
  };
  readonly cached_tokens?: number;
}

interface CohereLogprob {
  readonly text: string;
  readonly token_ids?: readonly number[];
  readonly logprobs: readonly number[];
}

export interface CohereAnswer {
  readonly id: string;
  readonly message: {
    readonly role: 'assistant';
    readonly content?: readonly CohereBlock[];
    readonly tool_plan?: string;
    readonly tool_calls?: readonly CohereToolCall[];
    readonly citations?: readonly CohereCitation[];
  };
  readonly finish_reason: string;
  readonly usage?: CohereUsage;
  readonly logprobs?: readonly CohereLogprob[];
  /** Only beside the finish reason ERROR, and only streamed. */
  readonly error?: string;
  readonly error_type?: string;
}

interface StreamEvent {
  readonly type: string;
  readonly id?: string;
  readonly index?: number;
  readonly logprobs?: CohereLogprob;
  readonly delta?: {
    readonly message?: {
      readonly content?: { readonly type?: string; readonly text?: string; readonly thinking?: string };
      readonly tool_plan?: string;
      readonly tool_calls?: {
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      };
      readonly citations?: CohereCitation;
    };
    readonly finish_reason?: string;
    readonly usage?: CohereUsage;
    readonly error?: string;
    readonly error_type?: string;
  };
}

/** A stream's text → the answer that the same call would have brought whole. */
export function collectAnswer(sse: string): CohereAnswer {
  const events = sse
    .split('\n')
    .filter(line => line.startsWith('data: ') && line !== 'data: [DONE]')
    .map(line => JSON.parse(line.slice('data: '.length)) as StreamEvent);

  let id = '';
  const blocks = new Map<number, { type: string; text: string }>();
  const calls = new Map<number, { id: string; name: string; text: string }>();
  const citations: CohereCitation[] = [];
  const logprobs: CohereLogprob[] = [];
  let plan = '';
  let end: StreamEvent['delta'];
  for (const { type, id: answerId, index = 0, delta, logprobs: tokens } of events) {
    const { content, tool_plan = '', tool_calls, citations: citation } = delta?.message ?? {};
    if (type === 'message-start') id = answerId ?? '';
    if (type === 'content-start' && content) {
      blocks.set(index, { type: content.type ?? '', text: content.text ?? content.thinking ?? '' });
    }
    if (type === 'content-delta') {
      const block = blocks.get(index);
      if (block) block.text += content?.text ?? content?.thinking ?? '';
      if (tokens) logprobs.push(tokens);
    }
    if (type === 'tool-plan-delta') plan += tool_plan;
    if (type === 'tool-call-start') {
      const { name = '', arguments: text = '' } = tool_calls?.function ?? {};
      calls.set(index, { id: tool_calls?.id ?? '', name, text });
    }
    if (type === 'tool-call-delta') {
      const call = calls.get(index);
      if (call) call.text += tool_calls?.function?.arguments ?? '';
    }
    if (type === 'citation-start' && citation) citations.push(citation);
    if (type === 'message-end') end ??= delta;
  }

  const content = [...blocks.values()].map(
    ({ type, text }): CohereBlock =>
      type === 'thinking' ? { type: 'thinking', thinking: text } : { type: 'text', text },
  );
  const tool_calls = [...calls.values()].map(
    (call): CohereToolCall => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.text === '' ? 'null' : call.text },
    }),
  );
  return {
    id,
    message: {
      role: 'assistant',
      ...(content.length > 0 ? { content } : {}),
      ...(plan === '' ? {} : { tool_plan: plan }),
      ...(tool_calls.length > 0 ? { tool_calls } : {}),
      ...(citations.length > 0 ? { citations } : {}),
    },
    finish_reason: end?.finish_reason ?? '',
    ...(end?.usage ? { usage: end.usage } : {}),
    ...(logprobs.length > 0 ? { logprobs } : {}),
    ...(end?.error === undefined ? {} : { error: end.error }),
    ...(end?.error_type === undefined ? {} : { error_type: end.error_type }),
  };
}

/** A whole answer → the text of a stream, in the order of events that recorded streams have. */
export function streamAnswer(answer: CohereAnswer): string {
  const { id, message, finish_reason, usage, logprobs = [], error, error_type } = answer;
  const { content = [], tool_plan = '', tool_calls = [], citations = [] } = message;
  const events: StreamEvent[] = [];
  const start = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  const messageStart = { id, type: 'message-start', delta: { message: start } };

  for (const [index, block] of content.entries()) {
    const isText = block.type === 'text';
    const delta = (text: string) => (isText ? { text } : { thinking: text });
    events.push({
      type: 'content-start',
      index,
      delta: { message: { content: { type: block.type, ...delta('') } } },
    });
    const tokens = isText ? logprobs : [];
    const pieces =
      tokens.length > 0 ? tokens.map(token => token.text) : words(isText ? block.text : block.thinking);
    for (const [position, text] of pieces.entries()) {
      const token = tokens[position];
      events.push({
        type: 'content-delta',
        index,
        delta: { message: { content: delta(text) } },
        ...(token ? { logprobs: token } : {}),
      });
    }
    for (const [number, citation] of citations.entries()) {
      if (!isText || (citation.content_index ?? firstText(content)) !== index) continue;
      events.push({ type: 'citation-start', index: number, delta: { message: { citations: citation } } });
      events.push({ type: 'citation-end', index: number });
    }
    events.push({ type: 'content-end', index });
  }
  for (const word of words(tool_plan)) {
    events.push({ type: 'tool-plan-delta', delta: { message: { tool_plan: word } } });
  }
  for (const [index, call] of tool_calls.entries()) {
    const { name, arguments: text } = call.function;
    const begun = { ...call, function: { name, arguments: '' } };
    events.push({ type: 'tool-call-start', index, delta: { message: { tool_calls: begun } } });
    // What is `null` in a whole answer does not come at all in a stream.
    for (const piece of text === 'null' ? [] : words(text)) {
      events.push({
        type: 'tool-call-delta',
        index,
        delta: { message: { tool_calls: { function: { arguments: piece } } } },
      });
    }
    events.push({ type: 'tool-call-end', index });
  }
  const messageEnd = {
    type: 'message-end',
    delta: {
      finish_reason,
      ...(usage ? { usage } : {}),
      ...(error === undefined ? {} : { error }),
      ...(error_type === undefined ? {} : { error_type }),
    },
  };
  const frames = [messageStart, ...events, messageEnd].map(
    event => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
  );
  return `${frames.join('')}data: [DONE]\n\n`;
}

function firstText(content: readonly CohereBlock[]): number {
  return Math.max(
    0,
    content.findIndex(block => block.type === 'text'),
  );
}

function words(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? [];
}
