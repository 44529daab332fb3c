// A chat request after decoding: Cohere's words, every field present, contents always a list of blocks.
import type { JsonObject } from './json.ts';

export type TextBlock = { readonly type: 'text'; readonly text: string };
export type ThinkingBlock = { readonly type: 'thinking'; readonly thinking: string };
export type ImageBlock = {
  readonly type: 'image_url';
  readonly url: string;
  readonly detail: 'auto' | 'low' | 'high';
};
export type DocumentBlock = { readonly type: 'document'; readonly document: Document };

export interface Document {
  /** A string was sent as `content`, as Cohere stores it; empty where `data` was missing. */
  readonly data: JsonObject;
  readonly id: string | undefined;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface SystemMessage {
  readonly role: 'system';
  readonly content: readonly TextBlock[];
}

export interface UserMessage {
  readonly role: 'user';
  readonly content: readonly (TextBlock | ImageBlock)[];
}

export interface AssistantMessage {
  readonly role: 'assistant';
  readonly content: readonly (TextBlock | ThinkingBlock)[];
  readonly toolCalls: readonly ToolCall[];
  readonly toolPlan: string | undefined;
}

export interface ToolMessage {
  readonly role: 'tool';
  readonly toolCallId: string | undefined;
  readonly content: readonly (TextBlock | DocumentBlock)[];
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

export interface Tool {
  readonly name: string;
  readonly description: string;
  /** As sent: whether it is a schema of an object is for the checks to say. */
  readonly parameters: JsonObject;
}

export interface ResponseFormat {
  readonly type: 'text' | 'json_object';
  readonly schema: JsonObject | undefined;
}

export interface ThinkingOptions {
  readonly type: 'enabled' | 'disabled';
  readonly tokenBudget: number | undefined;
}

export type CitationMode = 'ENABLED' | 'DISABLED' | 'FAST' | 'ACCURATE' | 'OFF';

export interface ChatBody {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly stream: boolean;
  readonly tools: readonly Tool[] | undefined;
  readonly strictTools: boolean;
  readonly toolChoice: 'REQUIRED' | 'NONE' | undefined;
  readonly documents: readonly Document[] | undefined;
  readonly citationMode: CitationMode | undefined;
  readonly hasCitationOptions: boolean;
  readonly responseFormat: ResponseFormat | undefined;
  readonly safetyMode: 'CONTEXTUAL' | 'STRICT' | 'OFF' | undefined;
  readonly maxTokens: number | undefined;
  readonly stopSequences: readonly string[];
  readonly temperature: number | undefined;
  readonly seed: number | undefined;
  readonly frequencyPenalty: number | undefined;
  readonly presencePenalty: number | undefined;
  readonly k: number | undefined;
  readonly p: number | undefined;
  readonly logprobs: boolean;
  readonly thinking: ThinkingOptions | undefined;
  readonly priority: number | undefined;
}
