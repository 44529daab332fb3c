// Prediction against what Cohere counted, for any number of recordings.

import type { JsonValue } from '../../src/conversation/message.ts';
import { countPrompt } from '../../src/tokens/count-prompt.ts';
import { familyOf } from '../../src/tokens/families.ts';
import type { Count } from '../../src/tokens/parts.ts';
import { readRecording } from './read-recording.ts';

export interface Comparison {
  readonly name: string;
  readonly model: string;
  readonly family: string;
  readonly tools: number;
  readonly keysSorted: boolean;
  readonly predicted: number;
  readonly actual: number;
  /** Predicted less actual: below zero, the prompt was larger than was thought. */
  readonly difference: number;
  /** The same for `image_tokens`, where there were any. */
  readonly images?: { readonly predicted: number; readonly actual: number };
}

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface Accuracy {
  readonly comparisons: readonly Comparison[];
  readonly skipped: readonly Skipped[];
}

export interface NamedRecording {
  readonly name: string;
  readonly content: JsonValue | undefined;
}

export function measureAccuracy(recordings: readonly NamedRecording[], count: Count): Accuracy {
  const comparisons: Comparison[] = [];
  const skipped: Skipped[] = [];
  for (const { name, content } of recordings) {
    const read = readRecording(content);
    if ('skipped' in read) {
      skipped.push({ name, reason: read.skipped });
      continue;
    }
    const { model, options, messages, inputTokens, imageTokens, keysSorted } = read.measured;
    const family = familyOf(model);
    const { tokens, images } = countPrompt(options, messages, family, count);
    comparisons.push({
      name,
      model,
      family: family.name,
      tools: options.tools?.length ?? 0,
      keysSorted,
      predicted: tokens,
      actual: inputTokens,
      difference: tokens - inputTokens,
      ...(imageTokens === undefined ? {} : { images: { predicted: images, actual: imageTokens } }),
    });
  }
  return { comparisons, skipped };
}

export interface AccuracySummary {
  readonly compared: number;
  readonly exact: number;
  readonly withinOnePercent: number;
  readonly notBelow: number;
  readonly worstUnder: Comparison | undefined;
  readonly worstOver: Comparison | undefined;
}

export function summarise(comparisons: readonly Comparison[]): AccuracySummary {
  const sorted = comparisons.toSorted((one, two) => one.difference - two.difference);
  const [lowest] = sorted;
  const highest = sorted.at(-1);
  return {
    compared: comparisons.length,
    exact: comparisons.filter(({ difference }) => difference === 0).length,
    withinOnePercent: comparisons.filter(isWithinOnePercent).length,
    notBelow: comparisons.filter(({ difference }) => difference >= 0).length,
    worstUnder: lowest && lowest.difference < 0 ? lowest : undefined,
    worstOver: highest && highest.difference > 0 ? highest : undefined,
  };
}

export function isWithinOnePercent({ difference, actual }: Comparison): boolean {
  return Math.abs(difference) <= actual / 100;
}
