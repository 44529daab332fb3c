// What is said, in our own words. Doors translate to and from this shape, `cohere/` does the same on the other
// side, and stores keep it. Messages are immutable once made: others may cache what they derive from one.

/** Any JSON value, for the places where a wire carries data that is not ours to understand. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [key: string]: JsonValue };

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

export interface ImagePart {
  readonly type: 'image';
  /** `https:`, `http:` or `data:` URL. Never fetched by us. */
  readonly url: string;
  readonly detail?: 'auto' | 'low' | 'high';
}

/** What the model thought before it answered (Cohere: a `thinking` block). */
export interface ReasoningPart {
  readonly type: 'reasoning';
  readonly text: string;
}

export interface DocumentPart {
  readonly type: 'document';
  readonly data: string | JsonObject;
  readonly id?: string;
}

export interface ToolCall {
  /** As the client sees it: `[A-Za-z0-9_-]{1,64}`, unique in the session. */
  readonly id: string;
  /** Cohere's own id, kept only where it differs from `id`. */
  readonly nativeId?: string;
  /** As the client named the tool, before any renaming for Cohere. */
  readonly name: string;
  /** The JSON text that the model wrote. Nobody re-serialises it. */
  readonly arguments: string;
}

/** A citation as Cohere gives it: offsets in Unicode code points, end exclusive. */
export interface Citation {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly sources: readonly JsonObject[];
  readonly type?: string;
  readonly contentIndex?: number;
}

export interface SystemMessage {
  readonly role: 'system';
  readonly content: string | readonly TextPart[];
}

export interface UserMessage {
  readonly role: 'user';
  readonly content: string | readonly (TextPart | ImagePart)[];
}

export interface AssistantMessage {
  readonly role: 'assistant';
  readonly content?: string | readonly (TextPart | ReasoningPart)[];
  readonly toolPlan?: string;
  readonly toolCalls?: readonly ToolCall[];
  /**
   * Ids of calls whose arguments the output limit cut: a stream had given out their beginning. They are no part of the
   * conversation, and are left out when a client brings them back (`cut-calls.ts`).
   */
  readonly cutCalls?: readonly string[];
  readonly citations?: readonly Citation[];
  /**
   * Who wrote it: `reply` is an answer that this proxy gave out, `client` one that a client brought. Version 0.1 stored
   * neither (`origin.ts`).
   */
  readonly origin?: 'reply' | 'client';
  /**
   * The same message as it was first said, sealed (`seal.ts`): what a client brings back of an answer that was not
   * stored. Only between door and turn; never stored, never sent to Cohere.
   */
  readonly carried?: string;
}

/** How `carried` begins, so that a door tells it from foreign entries without the key. */
export const carriedPrefix = 'cohere-proxy.';

export interface ToolMessage {
  readonly role: 'tool';
  readonly toolCallId: string;
  readonly content: string | readonly (TextPart | ImagePart | DocumentPart)[];
}

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage;

export function holdsImage(message: Message): boolean {
  const { role, content } = message;
  const mayHold = role === 'user' || role === 'tool';
  return mayHold && typeof content !== 'string' && content.some(part => part.type === 'image');
}

/** The text of a message without reasoning, plan, images and documents. */
export function textOf(message: Message): string {
  const { content } = message;
  if (content === undefined) return '';
  if (typeof content === 'string') return content;
  let text = '';
  for (const part of content) if (part.type === 'text') text += part.text;
  return text;
}
