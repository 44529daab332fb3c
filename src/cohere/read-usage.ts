// Cohere's usage → ours. Figures may be missing, floats or, from a sick upstream, nonsense.
import type { Usage } from '../conversation/turn-event.ts';
import type { ReadUsage } from './wire.ts';

/** Undefined where Cohere told neither what the model saw nor what is billed. */
export function readUsage(usage: ReadUsage | null | undefined): Usage | undefined {
  const billedIn = readCount(usage?.billed_units?.input_tokens);
  const billedOut = readCount(usage?.billed_units?.output_tokens);
  // `tokens` is what the model saw, the hidden prompt included; only very old replies lack it.
  const seen = readCount(usage?.tokens?.input_tokens);
  const inputTokens = seen ?? billedIn;
  const outputTokens = readCount(usage?.tokens?.output_tokens) ?? billedOut;
  if (inputTokens === undefined && outputTokens === undefined) return undefined;
  const cachedTokens = readCount(usage?.cached_tokens);
  const imageTokens = readCount(usage?.tokens?.image_tokens);
  return {
    inputTokens: inputTokens ?? 0,
    ...(seen === undefined ? { isBilledOnly: true } : {}),
    outputTokens: outputTokens ?? 0,
    ...(cachedTokens === undefined ? {} : { cachedTokens }),
    ...(imageTokens === undefined ? {} : { imageTokens }),
    billed: {
      ...(billedIn === undefined ? {} : { inputTokens: billedIn }),
      ...(billedOut === undefined ? {} : { outputTokens: billedOut }),
    },
  };
}

function readCount(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? Math.round(value) : undefined;
}
