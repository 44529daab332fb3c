// `node bench/counting.ts [rounds]`: what counting, fitting and formatting cost in one turn of an agent, at turn 10
// and at turn 1,000 of a session, and with a cut history; the middle turn of a hundred, side by side in every round.

import { describePrompt, formatRequest } from '../src/cohere/format-request.ts';
import { knownModels } from '../src/cohere/known-models.ts';
import type { Tool } from '../src/conversation/chat-request.ts';
import { History } from '../src/conversation/history.ts';
import type { Message } from '../src/conversation/message.ts';
import { Passage } from '../src/conversation/passage.ts';
import type { Cut } from '../src/conversation/truncate.ts';
import { atOnce } from '../src/streams/slices.ts';
import { TokenMeter } from '../src/tokens/meter.ts';
import { loadEncoder } from '../src/tokens/vocabulary.ts';
import { fitPrompt } from '../src/turn/fit-prompt.ts';
import type { Prompt } from '../src/turn/model.ts';
import { quantile } from './measure.ts';

const [rounds = '9'] = process.argv.slice(2);
const measuredTurns = 100;
const print = (line: string) => process.stdout.write(`${line}\n`);

const meter = new TokenMeter();
const encoder = await loadEncoder();
if (encoder) meter.use(encoder);
else print('the optional package with the vocabulary is not installed: tokens are estimated');
const info = knownModels.get('command-a-03-2025');

const tools: Tool[] = Array.from({ length: 13 }, (_, index) => ({
  name: `tool_${index}`,
  description: `Does the ${index}th thing that an agent may want to have done. `.repeat(12),
  parameters: {
    type: 'object',
    properties: { path: { type: 'string', description: 'Where. '.repeat(8) }, line: { type: 'integer' } },
    required: ['path', 'line'],
  },
}));

/** One step: a call, its result, the client's details. About 300 bytes of text. */
function step(turn: number): Message[] {
  return [
    {
      role: 'assistant',
      toolPlan: `I look at file ${turn} next.`,
      toolCalls: [
        { id: `call_${turn}`, name: 'tool_1', arguments: `{"path":"src/file-${turn}.ts","line":${turn}}` },
      ],
    },
    { role: 'tool', toolCallId: `call_${turn}`, content: `export const answer${turn} = ${turn}; `.repeat(5) },
    { role: 'user', content: `<environment_details>turn ${turn}</environment_details>` },
  ];
}

function turnAt(turns: number, cut?: Cut): () => void {
  // As 0.1 stored it: for any budget.
  const cuts = cut && [{ model: 'command-a-03-2025', cut }];
  let history = History.of([{ role: 'user', content: 'Mend the house.' }]);
  for (let turn = 0; turn < turns; turn += 1) history = history.append(step(turn));
  let turn = turns;
  return () => {
    const added = step(turn);
    turn += 1;
    const prompt: Prompt = {
      model: 'command-a-03-2025',
      messages: new Passage({
        lead: [{ role: 'system', content: 'You are an agent. '.repeat(100) }],
        history,
        rest: added,
      }),
      tools,
      toolChoice: 'auto',
      strictTools: false,
      settings: {},
      stream: true,
    };
    const measured = meter.measure(describePrompt(prompt, info), prompt.messages);
    const fitted = fitPrompt(prompt, { measured, info, cuts, truncation: 'auto' });
    if (isWhole) atOnce(formatRequest(fitted.prompt, info).writeBody());
    measured.learn(fitted.prompt.messages, measured.total(fitted.prompt.messages), 'answer');
    history = history.append(added);
  };
}

let isWhole = false;
const rows: [name: string, take: () => () => void][] = [
  ['turn 10', () => turnAt(10)],
  ['turn 1,000', () => turnAt(1_000)],
  ['turn 1,000, cut', () => turnAt(1_000, { leftOut: [[1, 1_501]], shortened: {} })],
];

/** The middle one of the turns: a pause that falls into one is not its cost. */
function timeOf(take: () => void): number {
  for (let warm = 0; warm < 5; warm += 1) take();
  const times: number[] = [];
  for (let turn = 0; turn < measuredTurns; turn += 1) {
    const startMs = performance.now();
    take();
    times.push((performance.now() - startMs) * 1_000);
  }
  return quantile(times, 0.5);
}

for (const what of ['counting', 'counting and formatting']) {
  isWhole = what !== 'counting';
  const times = new Map<string, number[]>();
  // The first rounds only warm.
  for (let round = -2; round < Number(rounds); round += 1)
    for (const [name, take] of rows) {
      const time = timeOf(take());
      if (round >= 0) times.set(name, [...(times.get(name) ?? []), time]);
    }
  print(
    `${`\n${what}`.padEnd(30)}${'µs a turn'.padStart(12)}${'over turn 10'.padStart(16)}${'min-max'.padStart(14)}`,
  );
  const base = times.get('turn 10') ?? [];
  for (const [name, values] of times) {
    const ratios = values.map((value, round) => value / (base[round] ?? value));
    print(
      name.padEnd(29) +
        quantile(values, 0.5).toFixed(0).padStart(12) +
        quantile(ratios, 0.5).toFixed(2).padStart(16) +
        `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`.padStart(14),
    );
  }
}
