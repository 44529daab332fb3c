// A conversation → one that is many times as long: its own steps over and over, each with ids, times and words of its
// own, as the client would have sent them.
import { type ClientMessage, isSaidByUser } from './client-message.ts';

export interface StretchOptions {
  /** How long it is to be. */
  readonly characters: number;
  /** Whether the user speaks again, or everything is done for the first message. */
  readonly users: 'once' | 'again';
  /** Lines of a tool result: at least, at most. */
  readonly lines: readonly [least: number, most: number];
  readonly random: () => number;
}

/** An answer of the model and all that came before its next one. */
type Step = readonly ClientMessage[];

export function stretch(messages: readonly ClientMessage[], options: StretchOptions): ClientMessage[] {
  const { characters, users, lines, random } = options;
  const ends = requestEnds(messages);
  const steps = ends.slice(1).map((end, index) => messages.slice(ends[index], end));
  const toolSteps = steps.filter(isToolStep);
  const repeated = users === 'once' && toolSteps.length > 0 ? toolSteps : steps;
  const stretched = messages.slice(0, ends[0]);
  let length = 0;
  for (let number = 1; length < characters; number += 1) {
    const step = repeated[Math.floor(random() * repeated.length)] ?? [];
    const [least, most] = lines;
    const copied = copyStep(step, number, least + Math.floor(random() * (most - least)));
    stretched.push(...copied);
    length += JSON.stringify(copied).length;
  }
  return stretched;
}

/** The places at which the model is to speak: so far goes a request each. */
export function requestEnds(messages: readonly ClientMessage[]): number[] {
  const ends = messages.flatMap(({ role }, place) => (role === 'assistant' ? [place] : []));
  return messages.at(-1)?.role === 'assistant' ? ends : [...ends, messages.length];
}

/** A number that no step of a stretched conversation has. */
const afterAll = 1_000_000;

/** The last step that only calls tools, once more, with results of so many lines. */
export function repeatToolStep(messages: readonly ClientMessage[], lines: number): ClientMessage[] {
  const ends = requestEnds(messages);
  const steps = ends.slice(1).map((end, index) => messages.slice(ends[index], end));
  return copyStep(steps.findLast(isToolStep) ?? [], afterAll, lines);
}

function isToolStep(step: Step): boolean {
  return step.some(({ role }) => role === 'tool') && !step.some(isSaidByUser);
}

function copyStep(step: Step, number: number, lines: number): ClientMessage[] {
  const ids = new Map<string, string>();
  return step.map(message => {
    const calls = message.tool_calls?.map((call, index) => {
      const id = `${call.function.name}_${number}_${index}`;
      ids.set(call.id, id);
      return { ...call, id };
    });
    const answered = message.tool_call_id === undefined ? undefined : ids.get(message.tool_call_id);
    const change = (text: string) =>
      message.role === 'tool' && !isSaidByUser(message)
        ? `${text}\n${linesOf(number, lines)}`
        : renew(text, number);
    const { content } = message;
    return {
      ...message,
      ...(calls ? { tool_calls: calls } : {}),
      ...(answered === undefined ? {} : { tool_call_id: answered }),
      ...(typeof content === 'string' ? { content: content === '' ? '' : change(content) } : {}),
      ...(Array.isArray(content) ? { content: content.map(part => withText(part, change)) } : {}),
    };
  });
}

function withText<Part extends { readonly text?: string }>(
  part: Part,
  change: (text: string) => string,
): Part {
  return part.text === undefined ? part : { ...part, text: change(part.text) };
}

const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/;

/** The same, said at another time. */
function renew(text: string, number: number): string {
  if (time.test(text)) return text.replace(time, new Date(Date.UTC(2026, 0) + number * 61_003).toISOString());
  if (text.includes('</user_message>'))
    return text.replace('</user_message>', `Turn ${number}.\n</user_message>`);
  return `${text} (${number})`;
}

const line = [
  'export function readNote(path: string): Promise<string> {',
  "  if (!isInside(path)) throw new RangeError('not in the workspace');",
  '// What is written here is read again with each turn, even where nobody asks for it.',
  "test/read-note.test.ts:41:5 - error TS2345: Argument of type 'number' is not assignable",
];

function linesOf(number: number, count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `${index + 3} | ${line[(number + index) % line.length]}`,
  ).join('\n');
}
