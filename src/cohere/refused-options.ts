// Options that Cohere refuses by their name. Clients send their settings with every turn, so that one that a model lacks
// would end the conversation: it is left out in one repeat, and from then on, and named in the answer's headers.
import type { Settings } from '../conversation/chat-request.ts';
import type { Prompt } from '../turn/model.ts';

interface Option {
  /** What it is set to; undefined where it is not asked for. */
  readonly value: (prompt: Prompt) => unknown;
  /** What a client calls it, as the header says it. */
  readonly told: (prompt: Prompt) => string;
  readonly leaveOut: (prompt: Prompt) => Prompt;
}

function setting(name: keyof Settings, param: string): Option {
  return {
    value: ({ settings }) => settings[name],
    told: () => param,
    leaveOut(prompt) {
      const { [name]: _, ...settings } = prompt.settings;
      return { ...prompt, settings };
    },
  };
}

/** By Cohere's names. */
const options: Readonly<Record<string, Option>> = {
  tool_choice: {
    value: ({ toolChoice }) => (toolChoice === 'auto' ? undefined : {}),
    told: () => 'tool_choice',
    leaveOut: withoutToolChoice,
  },
  strict_tools: {
    value: ({ strictTools }) => strictTools || undefined,
    told: () => 'tools.function.strict',
    leaveOut: prompt => ({ ...prompt, strictTools: false }),
  },
  max_tokens: setting('maxTokens', 'max_tokens'),
  temperature: setting('temperature', 'temperature'),
  p: setting('topP', 'top_p'),
  k: setting('topK', 'k'),
  frequency_penalty: setting('frequencyPenalty', 'frequency_penalty'),
  presence_penalty: setting('presencePenalty', 'presence_penalty'),
  stop_sequences: setting('stopSequences', 'stop'),
  seed: setting('seed', 'seed'),
  logprobs: setting('logprobs', 'logprobs'),
  thinking: {
    ...setting('thinking', 'thinking'),
    told: ({ settings }) => settings.thinking?.param ?? 'thinking',
  },
  citation_options: setting('citationOptions', 'citation_options'),
  safety_mode: setting('safetyMode', 'safety_mode'),
  priority: setting('priority', 'priority'),
};

/** Without these the answer would be another one: their refusal is the client's to know. */
const needed = ['tools', 'documents', 'response_format'];

/** As near as a model comes that takes no `tool_choice`. A history with calls cannot be sent without its tools. */
function withoutToolChoice(prompt: Prompt): Prompt {
  const isNone = prompt.toolChoice === 'none';
  const { holdsCalls } = prompt.messages.facts;
  return { ...prompt, toolChoice: 'auto', tools: isNone && !holdsCalls ? [] : prompt.tools };
}

export interface NamedOption {
  /** In Cohere's words. */
  readonly name: string;
  readonly isNeeded: boolean;
}

/** The first option of a request that a refusal names. */
export function namedOption(sentence: string, sent: readonly string[]): NamedOption | undefined {
  let first: { readonly name: string; readonly at: number } | undefined;
  for (const name of sent) {
    if (!Object.hasOwn(options, name) && !needed.includes(name)) continue;
    const at = sentence.search(patternOf(name));
    if (at >= 0 && (first === undefined || at < first.at)) first = { name, at };
  }
  return first && { name: first.name, isNeeded: needed.includes(first.name) };
}

const patterns = new Map<string, RegExp>();

/**
 * Names of several words stand for nothing else. One word may stand in any sentence: it is the option where it is quoted,
 * or where the sentence says something of it.
 */
function patternOf(name: string): RegExp {
  let pattern = patterns.get(name);
  if (!pattern) {
    // Of citation options a refusal names the mode alone.
    const words = name === 'citation_options' ? 'citation[_ ](?:options|mode)' : name.replaceAll('_', '[_ ]');
    const source = name.includes('_')
      ? String.raw`\b${words}\b`
      : String.raw`[\x60'"]${name}(?:\.\w+)?[\x60'"]|\b${name}(?:\.\w+)? (?:is|are|must|cannot|parameter)\b`;
    pattern = new RegExp(source, 'i');
    patterns.set(name, pattern);
  }
  return pattern;
}

const refusesAll =
  /\bnot (?:\w+ )?(?:supported|allowed|available|valid)\b|\bnot a valid\b|\bcannot be used\b|\bunsupported\b|\bdeprecated\b/i;
const maxNoted = 1_000;
const maxValueLength = 200;

/** What was refused before: asking again would cost a call with each turn. */
export class RefusedOptions {
  /** Model, option, and the value that was refused; `*` for any. */
  readonly #noted = new Set<string>();
  /** Tools that were refused as strict ones: the same tools are the same object (`turn/known-tools.ts`). */
  readonly #notStrict = new WeakSet<Prompt['tools']>();

  note(prompt: Prompt, name: string, sentence: string): void {
    if (name === 'strict_tools') this.#notStrict.add(prompt.tools);
    const value = options[name]?.value(prompt);
    if (value === undefined || name === 'strict_tools' || this.#noted.size >= maxNoted) return;
    // Of a mode the model may take another one.
    const isAny = typeof value !== 'string' && refusesAll.test(sentence);
    const of = isAny ? '*' : JSON.stringify(value);
    if (of.length <= maxValueLength) this.#noted.add(keyOf(prompt, name, of));
  }

  /** @param refused by the call before this one */
  leaveOut(
    prompt: Prompt,
    refused: string | undefined,
  ): { readonly prompt: Prompt; readonly left: string[] } {
    let asked = prompt;
    const left: string[] = [];
    if (refused === undefined && this.#noted.size === 0 && !prompt.strictTools) return { prompt, left };
    for (const [name, option] of Object.entries(options)) {
      const value = option.value(prompt);
      if (value === undefined || !(name === refused || this.#isNoted(prompt, name, value))) continue;
      asked = option.leaveOut(asked);
      // The choice `none` is kept all the same where no tools are sent.
      if (name !== 'tool_choice' || asked.tools.length > 0) left.push(option.told(prompt));
    }
    return { prompt: asked, left };
  }

  #isNoted(prompt: Prompt, name: string, value: unknown): boolean {
    if (name === 'strict_tools') return this.#notStrict.has(prompt.tools);
    return ['*', JSON.stringify(value)].some(of => this.#noted.has(keyOf(prompt, name, of)));
  }
}

function keyOf({ model }: Prompt, name: string, of: string): string {
  return `${name}\n${of}\n${model}`;
}

/** What a client calls it. */
export function paramOf(name: string): string {
  const params: Readonly<Record<string, string>> = {
    strict_tools: 'tools',
    p: 'top_p',
    stop_sequences: 'stop',
  };
  return params[name] ?? name;
}
