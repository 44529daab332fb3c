// Which layout of prompt a model has. A family is a plain value: two messages weighed for the same family may be
// compared and kept.
import { commandR, margins } from './figures.ts';

interface Margin {
  readonly constant: number;
  /** Of every message. */
  readonly share: number;
}

export interface Cmd3Family {
  readonly name: string;
  readonly layout: 'cmd3';
  /** Each tool is shown with an empty `responses`: r7b only. */
  readonly toolResponses: boolean;
  readonly thinks: boolean;
  readonly margin: Margin;
}

export interface Cmd4Family {
  readonly name: string;
  readonly layout: 'cmd4';
  readonly margin: Margin;
}

export interface CommandRFamily {
  readonly name: string;
  readonly layout: 'command-r';
  /** Tokens of the default preamble in a prompt without tools and documents. */
  readonly preamble: number;
  /** Whether a developer's text takes the place of that preamble, or is known no better than to stand beside it. */
  readonly preambleGivesWay: boolean;
  readonly margin: Margin;
}

export type Family = Cmd3Family | Cmd4Family | CommandRFamily;

const { none, sibling, unknown } = margins;

const r7b: Cmd3Family = {
  name: 'r7b',
  layout: 'cmd3',
  toolResponses: true,
  thinks: false,
  margin: none,
};
const commandA: Cmd3Family = { ...r7b, name: 'command-a', toolResponses: false };
const reasoning: Cmd3Family = { ...commandA, name: 'command-a-reasoning', thinks: true };
const commandAPlus: Cmd4Family = { name: 'command-a-plus', layout: 'cmd4', margin: margins.cmd4 };
const commandRFirst: CommandRFamily = {
  name: 'command-r',
  layout: 'command-r',
  preamble: commandR.preamble,
  preambleGivesWay: true,
  margin: none,
};
const commandR082024: CommandRFamily = {
  ...commandRFirst,
  name: 'command-r-08-2024',
  preamble: commandR.preamble082024,
  preambleGivesWay: false,
};

// First match wins. Dates are left out where a later edition of the same name most likely keeps the layout.
const families: readonly (readonly [RegExp, Family])[] = [
  [/^command-r7b-arabic/, { ...r7b, name: 'command-r7b-arabic', margin: sibling }],
  [/^command-r7b/, r7b],
  [/^command-a-plus/, commandAPlus],
  [/^north-/, { ...commandAPlus, name: 'north' }],
  [/^command-a-reasoning/, reasoning],
  // Vision is recorded without tools only, which it does not take.
  [/^command-a-vision/, { ...commandA, name: 'command-a-vision' }],
  [/^command-a-translate/, { ...commandA, name: 'command-a-translate', margin: sibling }],
  [/^command-a(-0\d-2025)?$/, commandA],
  [/^command-r(-plus)?-08-2024$/, commandR082024],
  [/^command-r(-plus)?(-0[34]-2024)?$/, commandRFirst],
  [/^command(-light)?(-nightly)?$/, { ...commandRFirst, name: 'command', preamble: commandR.olderPreamble }],
  // Trained on the same vocabulary, without Command's preamble as far as is published.
  [/^(c4ai-aya|tiny-aya)/, { ...commandRFirst, name: 'aya', margin: unknown }],
];

/** The newest dense layout, with a margin: the most common among the models there are. */
const nearest: Cmd3Family = { ...r7b, name: 'unknown', thinks: true, margin: unknown };

export function familyOf(model: string): Family {
  return families.find(([pattern]) => pattern.test(model))?.[1] ?? nearest;
}
