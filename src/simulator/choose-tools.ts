// Which of the offered tools the pretend model calls. The rule, in order:
//
// 1. `tool_choice` is NONE, results of the last calls are waiting, or the user's last message wants no tool ("do not
//    use tools") or a summary: none. REQUIRED calls again, whatever waits.
// 2. The user's last message names tools (`get_weather`, "get weather"): those, in the order of the request.
// 3. It says "tool": the tool that fits its words best, else the first.
// 4. The memory has no answer, and a word of a tool's name (≥ 4 letters), or two longer words of its description's
//    first sentence, occur in the message: the tool that fits best.
// 5. REQUIRED: the first.
//
// "both", "parallel" and "at the same time" make two calls of one: the next best tool, or the same tool twice.
// `attempt_completion` is how agents like Roo Code want every answer; it is left to `answer.ts`.
import type { ChatBody, Tool } from './chat-body.ts';
import { readHints } from './hints.ts';
import { isSummaryRequest } from './remember.ts';

export const completionTool = 'attempt_completion';

interface Situation {
  readonly text: string;
  readonly hasResults: boolean;
  readonly isMemory: boolean;
}

export function chooseTools(body: ChatBody, { text, hasResults, isMemory }: Situation): readonly Tool[] {
  const isRequired = body.toolChoice === 'REQUIRED';
  if (!mayCall(body, text) || (hasResults && !isRequired)) return [];
  const tools = (body.tools ?? []).filter(tool => tool.name !== completionTool);
  const ranked = rank(tools, text);
  const [first] = tools;
  const [best] = ranked;
  let chosen = tools.filter(tool => isNamed(tool, text));
  const fitting = best ?? first;
  if (chosen.length === 0 && /\btools?\b/i.test(text) && fitting) chosen = [fitting];
  if (chosen.length === 0 && best && !isMemory) chosen = [best];
  if (chosen.length === 0 && isRequired && first && !wantsCompletion(body, text)) chosen = [first];
  const [only] = chosen;
  if (chosen.length !== 1 || !only || !/\bboth\b|\bparallel\b|\bat the same time\b/i.test(text))
    return chosen;
  const others = /\bboth\b/i.test(text) ? [...ranked, ...tools] : ranked;
  return [only, others.find(tool => tool !== only) ?? only];
}

/** Whether a plain answer has to be given through `attempt_completion`. */
export function wantsCompletion(body: ChatBody, text: string): boolean {
  return mayCall(body, text) && (body.tools ?? []).some(tool => tool.name === completionTool);
}

const forbids = /\b(?:do not|don['’]t|never|without|no)\b(?: \p{L}+){0,3} tools?\b/iu;

function mayCall(body: ChatBody, text: string): boolean {
  if (body.toolChoice) return body.toolChoice === 'REQUIRED';
  return !forbids.test(text) && !isSummaryRequest(text);
}

function isNamed(tool: Tool, text: string): boolean {
  const words = wordsOfName(tool);
  // Checked before: letters, digits and underscores, nothing that a pattern would take for a sign.
  const { name } = tool;
  // A name of one word, such as `search`, is an ordinary word as well: then it must be written like a name.
  const named =
    words.length > 1
      ? `(?<![\\p{L}\\p{N}_])(?:${name}|${words.join(' ')})(?![\\p{L}\\p{N}_])`
      : `\`${name}\`|(?<![\\p{L}\\p{N}_])${name}(?:\\(| tool\\b)|\\btool ${name}\\b`;
  return new RegExp(named, 'iu').test(text);
}

function rank(tools: readonly Tool[], text: string): readonly Tool[] {
  const said = new Set(wordsOf(text));
  if (readHints(text).files.length > 0) said.add('file');
  return tools
    .map(tool => ({ tool, score: scoreOf(tool, said) }))
    .filter(({ score }) => score >= 2)
    .sort((one, other) => other.score - one.score)
    .map(({ tool }) => tool);
}

const weakWords = new Set(
  'tool tools function with from this that user about which when what should must will using used'.split(' '),
);

function scoreOf(tool: Tool, said: ReadonlySet<string>): number {
  const name = wordsOfName(tool).filter(word => word.length >= 4 && !weakWords.has(word));
  // Agents write pages of description, in which every word occurs.
  const sentence = tool.description.split(/[.\n]/, 1)[0] ?? '';
  const description = new Set(wordsOf(sentence).filter(word => word.length >= 5 && !weakWords.has(word)));
  return 2 * countIn(said, name) + countIn(said, [...description]);
}

function countIn(said: ReadonlySet<string>, words: readonly string[]): number {
  return words.filter(word => said.has(word) || said.has(`${word}s`)).length;
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/\p{L}+/gu) ?? [];
}

/** `get_weather` and `getWeather` → get, weather. */
function wordsOfName(tool: Tool): readonly string[] {
  return tool.name
    .split(/_+|(?<=[a-z])(?=[A-Z])/)
    .filter(word => word !== '')
    .map(word => word.toLowerCase());
}
