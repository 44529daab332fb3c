// OpenAI's chat completion request as clients really send it. `null` means "not given"; unknown keys pass and are
// named in the answer's headers; messages are read by hand (read-messages.ts), for their exact error paths.
import { z } from 'zod';
import type { JsonObject } from '../conversation/message.ts';
import { efforts } from './efforts.ts';

// It came from JSON.parse, so it is JSON; walking through every schema of every tool again would only cost time.
const jsonObject = z.custom<JsonObject>(
  value => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);

/** What is read of a tool, wherever its form keeps it. */
export const toolFunction = z.object({
  name: z.string().min(1).max(256),
  description: z.string().nullish().catch(null),
  parameters: jsonObject.nullish(),
  strict: z.boolean().nullish().catch(null),
});

// Of another type: `custom`, `web_search` …
const namedTool = z.object({
  type: z.string(),
  function: z.object({ name: z.string() }).nullish(),
  name: z.string().nullish(),
});

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required', 'any']),
  z.object({
    type: z.literal('allowed_tools'),
    allowed_tools: z.object({ mode: z.enum(['auto', 'required']), tools: z.array(namedTool).min(1) }),
  }),
  namedTool,
]);

// OpenAI's form, and Cohere's own: read-response-format.ts tells where the schema stands.
const responseFormat = z.object({
  type: z.enum(['text', 'json_object', 'json_schema']),
  json_schema: jsonObject.nullish(),
  schema: jsonObject.nullish(),
});

/** Names a space of its owner's sessions: in lists, queries and exports too, which take whole characters only. */
const spaceName = z
  .string()
  .max(512)
  .refine(name => name.isWellFormed(), { error: 'expected whole characters' });

/** What an answer is to end at is written in one go. */
const stopSequence = z.string().max(10_000);

export const chatBody = z.object({
  model: z.string().min(1).max(256).nullish(),
  messages: z.array(z.unknown()).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  user: spaceName.nullish(),
  // OpenAI's newer name for it; parts sessions where `user` says nothing.
  safety_identifier: spaceName.nullish(),

  // Read one by one (read-tools.ts): one that does not fit ends no conversation.
  tools: z.array(z.unknown()).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  functions: z.array(z.unknown()).nullish(),
  function_call: z.union([z.enum(['none', 'auto']), z.object({ name: z.string() })]).nullish(),

  max_completion_tokens: z.int().nullish(),
  max_tokens: z.int().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  stop: z.union([stopSequence, z.array(stopSequence)]).nullish(),
  seed: z.number().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  n: z.int().nullish(),
  logit_bias: jsonObject.nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: z.enum(efforts).nullish(),
  // OpenRouter's, and others' (read-thinking.ts).
  reasoning: z.unknown().optional(),
  modalities: z.array(z.string()).nullish(),
  web_search_options: jsonObject.nullish(),

  // Cohere's own, under Cohere's names.
  documents: z.array(z.union([z.string(), jsonObject])).nullish(),
  citation_options: jsonObject.nullish(),
  safety_mode: z.string().nullish(),
  k: z.int().min(0).max(500).nullish(),
  priority: z.int().min(0).max(999).nullish(),
  thinking: z
    .object({
      // `adaptive` is Anthropic's: as much as the model thinks fit.
      type: z.enum(['enabled', 'disabled', 'adaptive']),
      token_budget: z.int().min(1).nullish(),
      // Anthropic's name for it.
      budget_tokens: z.number().nullish().catch(null),
    })
    .nullish(),

  // The session dialect.
  sessionId: z.string().nullish(),
  // Others' name for it, and for other things.
  session_id: z.unknown().optional(),
  message: z.unknown().optional(),
  history: z.enum(['append', 'replace']).nullish(),
  truncation: z.enum(['auto', 'disabled']).nullish(),
  include_messages: z.boolean().nullish(),
});

export type ChatBody = z.output<typeof chatBody>;
