// `node bench/recognise.ts [rounds]`: what it costs to recognise the transcript that an agent resends, beside parsing
// it: 1,000 messages, 500 KB. A ratio is of one round; the median and the spread are of all.
import { anchorsOf } from '../src/conversation/anchor.ts';
import { matchTranscript } from '../src/conversation/match-transcript.ts';
import type { Message } from '../src/conversation/message.ts';
import { quantile } from './measure.ts';

const rounds = Number(process.argv[2] ?? 200);
const warmUp = 50;
const median = (values: readonly number[]) => quantile(values, 0.5);
const print = (line: string) => process.stdout.write(`${line}\n`);

/** Steps of an agent: what it says and calls, what the tool gives, the details that Roo adds. */
function makeTranscript(): Message[] {
  const words = (start: number, size: number) =>
    Array.from({ length: size / 10 }, (_, index) => `w${(start * 7919 + index) % 9973}`.padEnd(9)).join(' ');
  return Array.from({ length: 1000 }, (_, index): Message => {
    const id = `call_${Math.floor(index / 3)}`;
    switch (index % 3) {
      case 0:
        return { role: 'user', content: [{ type: 'text', text: `${words(index, 200)}\n${index}` }] };
      case 1:
        return {
          role: 'assistant',
          content: words(index, 150),
          toolCalls: [{ id, name: 'read_file', arguments: '{"path":"src/main.ts"}' }],
        };
      default:
        return {
          role: 'tool',
          toolCallId: `call_${Math.floor((index - 1) / 3)}`,
          content: words(index, 850),
        };
    }
  });
}

/** As it is stored: with what the client never saw or has lost. */
function makeNative(message: Message): Message {
  if (message.role !== 'assistant' || typeof message.content !== 'string') return message;
  const { content, toolCalls = [] } = message;
  return {
    ...message,
    origin: 'reply',
    content: [
      { type: 'reasoning', text: 'I should look into the file first.' },
      { type: 'text', text: `${content}\n` },
    ],
    toolCalls: toolCalls.map(call => ({ ...call, arguments: '{ "path": "src/main.ts" }' })),
  };
}

const body = JSON.stringify(makeTranscript());
const stored: readonly Message[] = (JSON.parse(body) as Message[]).map(makeNative);
const lastReply = stored.findLastIndex(message => message.role === 'assistant') + 1;

const times = { parse: [] as number[], match: [] as number[], hash: [] as number[] };
for (let round = -warmUp; round < rounds; round += 1) {
  const startMs = performance.now();
  const sent: readonly Message[] = JSON.parse(body);
  const parsedMs = performance.now();
  const match = matchTranscript(stored, sent);
  const matchedMs = performance.now();
  const anchors = anchorsOf(sent);
  const hashedMs = performance.now();
  if (match?.sentLength !== lastReply || anchors.at(-1)?.length !== lastReply)
    throw new Error('not recognised');
  if (round < 0) continue;
  times.parse.push(parsedMs - startMs);
  times.match.push(matchedMs - parsedMs);
  times.hash.push(hashedMs - matchedMs);
}

print(`${stored.length} messages, ${(body.length / 1000).toFixed(0)} KB`.padEnd(26) + 'ms'.padStart(8));
print('parse'.padEnd(26) + median(times.parse).toFixed(3).padStart(8));
for (const name of ['match', 'hash'] as const) {
  const ratios = times[name].map((ms, round) => (ms + (times.parse[round] ?? 0)) / (times.parse[round] ?? 0));
  const spread = `${median(ratios).toFixed(2)}× (${quantile(ratios, 0.1).toFixed(2)}–${quantile(ratios, 0.9).toFixed(2)})`;
  print(`${name.padEnd(26)}${median(times[name]).toFixed(3).padStart(8)}   with parse: ${spread}`);
}
