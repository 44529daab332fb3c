// Prompts as the meter is asked about them, small vocabularies, and the plainest way to count.
import { describePrompt } from '../../src/cohere/format-request.ts';
import { knownModels } from '../../src/cohere/known-models.ts';
import type { Message, SystemMessage } from '../../src/conversation/message.ts';
import type { Passage } from '../../src/conversation/passage.ts';
import { countPrompt } from '../../src/tokens/count-prompt.ts';
import { Encoder } from '../../src/tokens/encoder.ts';
import { familyOf } from '../../src/tokens/families.ts';
import { TokenMeter } from '../../src/tokens/meter.ts';
import { readTokenizer } from '../../src/tokens/read-tokenizer.ts';
import type { Prompt } from '../../src/turn/model.ts';
import { smallTokenizer } from './small-tokenizer.ts';

const encoderOf = (...merges: [string, string][]) => new Encoder(readTokenizer(smallTokenizer(merges).json));
/** Of a few merges: works without the optional package. */
export const encoder = encoderOf(
  ['a', 'a'],
  ['aa', 'aa'],
  ['Ġ', 'Ġ'],
  ['ä', '½'],
  ['ä½', 'ł'],
  ['Ġ', 't'],
  ['e', 'r'],
);
export const coarser = encoderOf(['a', 'a'], ['aa', 'aa'], ['aaaa', 'aaaa'], ['t', 'h'], ['th', 'e']);

export const model = 'command-a-03-2025';

export const system: SystemMessage = { role: 'system', content: 'You are an agent.' };
export const user = (content: string): Message => ({ role: 'user', content });

/** What an agent's turn adds: a call, its result, the client's details. */
export function step(turn: number): Message[] {
  const id = `call_${turn}`;
  return [
    {
      role: 'assistant',
      toolPlan: 'I look.',
      toolCalls: [{ id, name: 'read', arguments: '{"at": "here"}' }],
    },
    { role: 'tool', toolCallId: id, content: `There is a thing ${turn}. `.repeat(20) },
    user(`<environment_details>${turn}</environment_details>`),
  ];
}

export interface Asked {
  readonly model?: string;
  readonly tools?: boolean;
  readonly documents?: boolean;
  /** Told of every message that is formatted. */
  readonly onFormat?: (message: Message) => void;
}

export function describedFor(
  messages: Passage,
  { model: name = model, tools = true, documents = false, onFormat }: Asked = {},
) {
  const prompt: Prompt = {
    model: name,
    messages,
    tools: tools ? [{ name: 'read', parameters: { type: 'object' } }] : [],
    toolChoice: 'auto',
    strictTools: false,
    settings: documents ? { documents: ['Paris is large.'] } : {},
    stream: true,
  };
  const described = describePrompt(prompt, knownModels.get(name));
  const format = (message: Message) => {
    onFormat?.(message);
    return described.format(message);
  };
  return { ...described, format };
}

export function meterWith(used: Encoder = encoder): TokenMeter {
  const meter = new TokenMeter();
  meter.use(used);
  return meter;
}

/** The same in one list and by itself: nothing is kept, nothing added to what was there. */
export function countFromScratch(messages: Passage, asked: Asked = {}, used: Encoder = encoder): number {
  const { options, format } = describedFor(messages, asked);
  const wire = [...messages].flatMap(format);
  const counted = countPrompt(options, wire, familyOf(options.model), text => used.count(text));
  return counted.tokens + counted.images;
}
