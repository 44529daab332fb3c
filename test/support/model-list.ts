// The list of models that the fake upstream answers with, in Cohere's shape. Facts: names, contexts and features
// as Cohere's API tells them; written apart from src/, so that neither can hide a mistake of the other.

const structured = ['json_mode', 'json_schema', 'safety_modes', 'citations'];
const tools = [...structured, 'strict_tools', 'tools'];
const chooses = [...tools, 'tool_choice', 'logprobs'];

const chatModels: readonly (readonly [
  name: string,
  contextLength: number,
  features: readonly string[] | null,
])[] = [
  ['command-a-plus-05-2026', 436_000, [...tools, 'logprobs', 'reasoning', 'vision', 'tool_images']],
  ['command-a-03-2025', 288_000, [...tools, 'tool_choice']],
  ['command-a-reasoning-08-2025', 288_768, [...tools, 'reasoning']],
  ['command-a-vision-07-2025', 128_000, [...structured, 'strict_tools', 'vision', 'logprobs']],
  [
    'command-a-translate-08-2025',
    8_992,
    ['json_mode', 'json_schema', 'safety_modes', 'tools', 'tool_choice', 'citations'],
  ],
  ['command-r7b-12-2024', 132_000, chooses],
  ['command-r-08-2024', 128_000, chooses],
  ['command-r-plus-08-2024', 128_000, chooses],
  ['command-r7b-arabic-02-2025', 128_000, chooses],
  ['north-mini-code-1-0', 256_000, ['tools', 'json_mode', 'json_schema', 'reasoning']],
  ['c4ai-aya-expanse-32b', 128_000, null],
  ['c4ai-aya-vision-32b', 16_384, ['logprobs', 'vision', 'citations']],
  ['tiny-aya-global', 8_000, null],
  ['tiny-aya-earth', 8_000, null],
  ['tiny-aya-fire', 8_000, null],
  ['tiny-aya-water', 8_000, null],
];

export const modelList = {
  models: chatModels.map(([name, context_length, features]) => ({
    name,
    endpoints: ['chat'],
    finetuned: false,
    context_length,
    tokenizer_url: null,
    features,
    default_endpoints: [],
  })),
};
