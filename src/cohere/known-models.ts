// What we know of Cohere's models without asking. Used until `GET /v1/models` has answered, and where it cannot.
// Source: Cohere's model list and documentation as of 2026-08 (contexts are the API's own values, see the field).

import type { Feature, ModelInfo } from '../turn/model.ts';

const structured: Feature[] = ['json_mode', 'json_schema', 'safety_modes', 'citations'];
const r7b: Feature[] = [...structured, 'logprobs', 'strict_tools', 'tools', 'tool_choice'];

function chatModel(
  name: string,
  contextLength: number,
  maxOutputTokens: number,
  features?: Feature[],
): ModelInfo {
  return {
    name,
    chat: true,
    contextLength,
    maxOutputTokens,
    ...(features ? { features: new Set(features) } : {}),
  };
}

const chatModels: ModelInfo[] = [
  chatModel('command-a-plus-05-2026', 436_000, 64_000, [
    ...structured,
    'logprobs',
    'strict_tools',
    'tools',
    'reasoning',
    'vision',
    'tool_images',
  ]),
  chatModel('command-a-03-2025', 288_000, 8_000, [...structured, 'strict_tools', 'tools', 'tool_choice']),
  chatModel('command-a-reasoning-08-2025', 288_768, 32_000, [
    ...structured,
    'strict_tools',
    'tools',
    'reasoning',
  ]),
  chatModel('command-a-vision-07-2025', 128_000, 8_000, [
    ...structured,
    'vision',
    'logprobs',
    'strict_tools',
  ]),
  chatModel('command-a-translate-08-2025', 8_992, 8_000, [...structured, 'tools', 'tool_choice']),
  chatModel('command-r7b-12-2024', 132_000, 4_000, r7b),
  chatModel('command-r-08-2024', 128_000, 4_000, r7b),
  chatModel('command-r-plus-08-2024', 128_000, 4_000, r7b),
  chatModel('command-r7b-arabic-02-2025', 128_000, 4_000, r7b),
  chatModel('north-mini-code-1-0', 256_000, 64_000, ['tools', 'json_mode', 'json_schema', 'reasoning']),
  chatModel('c4ai-aya-expanse-32b', 128_000, 4_000),
  chatModel('c4ai-aya-vision-32b', 16_384, 4_000, ['logprobs', 'vision', 'citations']),
  chatModel('tiny-aya-global', 8_000, 8_000),
  chatModel('tiny-aya-earth', 8_000, 8_000),
  chatModel('tiny-aya-fire', 8_000, 8_000),
  chatModel('tiny-aya-water', 8_000, 8_000),
];

const otherModels = [
  'embed-v4.0',
  'embed-english-v3.0',
  'embed-english-light-v3.0',
  'embed-multilingual-v3.0',
  'embed-multilingual-light-v3.0',
  'embed-english-v2.0',
  'embed-english-light-v2.0',
  'embed-multilingual-v2.0',
  'rerank-v4.0-pro',
  'rerank-v4.0-fast',
  'rerank-v3.5',
  'rerank-english-v3.0',
  'rerank-multilingual-v3.0',
  'cohere-transcribe-03-2026',
];

export const knownModels: ReadonlyMap<string, ModelInfo> = new Map([
  ...chatModels.map(model => [model.name, model] as const),
  ...otherModels.map(name => [name, { name, chat: false }] as const),
]);
