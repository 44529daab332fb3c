// What a long conversation costs: in the proxy's memory, and sent anew with each request.
import { answerText, models } from './answers.ts';
import { repeatTimes } from './load.ts';
import { chatRequest, exchanges, nextOfSession } from './requests.ts';
import { type Bench, compare, type Group } from './rows.ts';
import type { Measured, Target } from './target.ts';

const sessions = 16;
let sessionsMade = 0;

/** Sessions whose next turn is `turn`, and then some turns in each. */
async function measureTurns(proxy: Target, turn: number, count: number): Promise<Measured> {
  const prefix = `bench-${sessionsMade++}-`;
  const messages = exchanges(turn - 1);
  // The history in one request: a thousand real turns would take longer than all other rows.
  const seed = (connection: number) =>
    chatRequest({
      model: models.json,
      sessionId: `${prefix}${connection}`,
      messages,
      history: 'replace',
      include_messages: false,
    });
  await proxy.connections.run({ connections: sessions, next: repeatTimes(1, seed) });
  const next = (connection: number) => nextOfSession(`${prefix}${connection}`, { include_messages: false });
  return proxy.measure({ connections: sessions, next: repeatTimes(count, next) });
}

function measurePipe(pipe: Target, turn: number, count: number): Promise<Measured> {
  const body = chatRequest({ model: models.json, messages: exchanges(turn) });
  return pipe.measure({ connections: sessions, next: repeatTimes(count, () => body) });
}

export function longSessionGroup(bench: Bench): Group {
  const early = 10;
  const late = 1_000;
  const count = bench.warmUnits === 0 ? 4 : 20;
  return {
    rows: [
      {
        name: 'turn-1000',
        unit: 'µs/turn',
        meaning: `CPU of the ${count} turns from the 1,000th on, include_messages false. Base: from the 10th on.`,
      },
      {
        name: 'turn-1000-bytes',
        unit: 'µs/turn',
        meaning:
          'What the 1,000th costs more than the 10th. Base: what the pipe pays for a request with as many bytes.',
      },
    ],
    async warmUp() {
      if (bench.warmUnits === 0) return;
      await measureTurns(await bench.proxy(), late, count);
      await measurePipe(await bench.pipe(), late, count);
    },
    async round() {
      const [pipe, proxy] = [await bench.pipe(), await bench.proxy()];
      const turns = compare(await measureTurns(proxy, late, count), await measureTurns(proxy, early, count));
      const bytes = await measurePipe(pipe, late, count);
      return [turns, { value: turns.value - turns.base, base: bytes.cpuUs / bytes.answers }];
    },
  };
}

const agents = 4;
let agentsMade = 0;

/** As an agent sends it: the whole conversation each time, longer by what was answered and asked since. */
function growingTranscripts(filler: string) {
  const made = agentsMade++;
  const turns = new Map<number, number>();
  return (agent: number): Buffer => {
    const turn = turns.get(agent) ?? 0;
    turns.set(agent, turn + 1);
    const messages = exchanges(500, `${filler} ${made} ${agent}`);
    for (let more = 0; more < turn; more += 1) {
      messages.push({ role: 'assistant', content: answerText }, { role: 'user', content: `Go on. ${more}` });
    }
    return chatRequest({ model: models.json, messages });
  };
}

export function transcriptGroup(bench: Bench): Group {
  // 500 questions and 499 answers before it: a thousand messages with the reply.
  const filler = ` ${'It was about the things that we talked over before. '.repeat(9)}`.slice(0, 420);
  const text = JSON.stringify({ model: models.json, messages: exchanges(500, `${filler} 0 0`) });
  const times = bench.warmUnits === 0 ? 2 : 10;
  /** What the first request of each costs, and the later ones. */
  const load = async (target: Target) => {
    const next = growingTranscripts(filler);
    const first = await target.measure({ connections: agents, next: repeatTimes(1, next) });
    const later = await target.measure({ connections: agents, next: repeatTimes(times, next) });
    return { first, later };
  };
  const size = `1,000 messages, ${Math.round(text.length / 1000)} KB`;
  return {
    rows: [
      {
        name: 'transcript',
        unit: 'µs/request',
        meaning: `CPU of a request with ${size}, all but the last two of which are stored. Base: JSON.parse of it, in the proxy.`,
      },
      { name: 'transcript-pipe', unit: 'µs/request', meaning: 'The same. Base: pipe.' },
      {
        name: 'transcript-new',
        unit: 'µs/request',
        meaning: 'The same, of which nothing is stored: all of it is counted and kept. Base: pipe.',
      },
    ],
    async warmUp() {
      if (bench.warmUnits === 0) return;
      for (const target of [await bench.pipe(), await bench.proxy()]) await load(target);
      await (await bench.proxy()).parseUs(text, times);
    },
    async round() {
      const proxy = await bench.proxy();
      const base = await load(await bench.pipe());
      const measured = await load(proxy);
      const againstPipe = compare(measured.later, base.later);
      return [
        { ...againstPipe, base: await proxy.parseUs(text, 4 * times) },
        againstPipe,
        compare(measured.first, base.first),
      ];
    },
  };
}
