// Cohere's chat API v2 as it goes over the wire. What we send is exact (unknown fields are refused there, at
// every level); what we read holds only the fields that we use, all of them optional.
import type { JsonObject, JsonValue } from '../conversation/message.ts';

export interface CohereTextBlock {
  readonly type: 'text';
  readonly text: string;
}

export interface CohereThinkingBlock {
  readonly type: 'thinking';
  readonly thinking: string;
}

export interface CohereImageBlock {
  readonly type: 'image_url';
  readonly image_url: { readonly url: string; readonly detail?: 'auto' | 'low' | 'high' };
}

export interface CohereDocumentBlock {
  readonly type: 'document';
  readonly document: { readonly data: string | JsonObject; readonly id?: string };
}

export interface CohereToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

export type CohereCitation = JsonObject;

export type CohereMessage =
  | { readonly role: 'system'; readonly content: string | readonly CohereTextBlock[] }
  | { readonly role: 'user'; readonly content: string | readonly (CohereTextBlock | CohereImageBlock)[] }
  | {
      readonly role: 'assistant';
      readonly content?: string | readonly (CohereTextBlock | CohereThinkingBlock)[];
      readonly tool_plan?: string;
      readonly tool_calls?: readonly CohereToolCall[];
      readonly citations?: readonly CohereCitation[];
    }
  | {
      readonly role: 'tool';
      readonly tool_call_id: string;
      readonly content: string | readonly (CohereTextBlock | CohereDocumentBlock)[];
    };

export interface CohereTool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters: JsonObject;
  };
}

/** Everything beside `messages`: Cohere's allow-list, nothing else may be sent. */
export interface CohereChatOptions {
  model: string;
  stream: boolean;
  tools?: readonly CohereTool[];
  strict_tools?: true;
  tool_choice?: 'REQUIRED' | 'NONE';
  documents?: readonly JsonValue[];
  citation_options?: JsonObject;
  response_format?: { readonly type: 'json_object'; readonly json_schema?: JsonObject };
  safety_mode?: string;
  max_tokens?: number;
  stop_sequences?: readonly string[];
  temperature?: number;
  seed?: number;
  frequency_penalty?: number;
  presence_penalty?: number;
  k?: number;
  p?: number;
  logprobs?: true;
  thinking?: { readonly type: 'enabled' | 'disabled'; readonly token_budget?: number };
  priority?: number;
}

export interface ReadUsage {
  readonly billed_units?: { readonly input_tokens?: unknown; readonly output_tokens?: unknown };
  readonly tokens?: {
    readonly input_tokens?: unknown;
    readonly output_tokens?: unknown;
    readonly image_tokens?: unknown;
  };
  readonly cached_tokens?: unknown;
}

export interface ReadCitation {
  readonly start?: unknown;
  readonly end?: unknown;
  readonly text?: unknown;
  readonly sources?: unknown;
  readonly type?: unknown;
  readonly content_index?: unknown;
}

export interface ReadToolCall {
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
}

export interface ReadLogprobs {
  readonly text?: unknown;
  readonly logprobs?: unknown;
}

export interface ReadChatResponse {
  readonly id?: unknown;
  readonly message?: {
    readonly content?: readonly ({ type?: unknown; text?: unknown; thinking?: unknown } | null)[] | null;
    readonly tool_plan?: unknown;
    readonly tool_calls?: readonly (ReadToolCall | null)[] | null;
    readonly citations?: readonly (ReadCitation | null)[] | null;
  } | null;
  readonly finish_reason?: unknown;
  readonly usage?: ReadUsage | null;
  readonly logprobs?: readonly (ReadLogprobs | null)[] | null;
}

/** One event of a stream. In deltas `tool_calls` and `citations` are single objects, not arrays. */
export interface ReadStreamEvent {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly index?: unknown;
  readonly delta?: {
    readonly message?: {
      readonly content?: {
        readonly type?: unknown;
        readonly text?: unknown;
        readonly thinking?: unknown;
      } | null;
      readonly tool_plan?: unknown;
      readonly tool_calls?: ReadToolCall | null;
      readonly citations?: ReadCitation | null;
    } | null;
    readonly finish_reason?: unknown;
    readonly usage?: ReadUsage | null;
    readonly error?: unknown;
    readonly error_type?: unknown;
  } | null;
  readonly logprobs?: ReadLogprobs | null;
}
