// What a door asks of a turn, whatever wire it came over.
import type { JsonObject, JsonValue, Message } from './message.ts';

export interface Tool {
  readonly name: string;
  readonly description?: string;
  /** A JSON Schema of `type: "object"`. */
  readonly parameters?: JsonObject;
}

export type ToolChoice = 'auto' | 'none' | 'required';

export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json'; readonly schema?: JsonObject };

/** How much to think: a share of the output limit, switched off, or Cohere's own words. */
export interface Thinking {
  readonly type: 'enabled' | 'disabled';
  /** Which parameter asked for it. */
  readonly param: 'thinking' | 'reasoning_effort' | 'reasoning';
  readonly tokenBudget?: number;
  /** Of the output limit. */
  readonly outputShare?: number;
}

/** All optional: what is absent is left to Cohere's defaults. Ranges are Cohere's; doors clamp or refuse. */
export interface Settings {
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly stopSequences?: readonly string[];
  readonly seed?: number;
  readonly logprobs?: boolean;
  readonly responseFormat?: ResponseFormat;
  readonly thinking?: Thinking;
  readonly documents?: readonly JsonValue[];
  readonly citationOptions?: JsonObject;
  readonly safetyMode?: string;
  readonly priority?: number;
}

/** Which session a request speaks to, and whether what it brings is new or the whole conversation. */
export interface SessionChoice {
  /** `session`: messages are new and appended. `transcript`: messages are the whole conversation. */
  readonly dialect: 'session' | 'transcript';
  /** As the client gave it; absent: one is made. */
  readonly id?: string;
  /** Where the client named it, unless in `sessionId`. */
  readonly param?: string;
  /** Said in so many words: the messages are in the place of all that is stored. */
  readonly isReplaced?: boolean;
  /** The client's own id of the conversation. It narrows and shows; it names nothing. */
  readonly label?: string;
}

export interface ChatRequest {
  /** Absent only in the session dialect: the session's last model, else the configured one. */
  readonly model?: string;
  readonly messages: readonly Message[];
  /** Absent: the session's remembered tools stay as they are. */
  readonly tools?: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  /** Only these of the tools may be called (a named tool choice, or OpenAI's `allowed_tools`). */
  readonly allowedTools?: readonly string[];
  /** All tools were declared strict and fit Cohere's rules for it. */
  readonly strictTools?: boolean;
  /** `false`: only the first call of an answer is given out and stored. */
  readonly parallelToolCalls?: boolean;
  readonly settings: Settings;
  readonly session: SessionChoice;
  /** `disabled`: what does not fit is refused, not cut. */
  readonly truncation?: 'auto' | 'disabled';
  /** From a client that gives what its user says as a tool's result, in the tag `<user_message>`. */
  readonly wordsInResults?: boolean;
  readonly stream: boolean;
}
