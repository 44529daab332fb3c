// Streams of Cohere's, written by hand where a test needs one that no fixture has.
import { chunk, end, head, type Step } from './upstream-script.ts';

export type CohereEvent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** Events as Cohere frames them. */
export function frames(...events: readonly unknown[]): string {
  return events
    .map(event => {
      const data = typeof event === 'string' ? event : JSON.stringify(event);
      const name =
        typeof event === 'object' && event !== null && 'type' in event ? `event: ${event.type}\n` : '';
      return `${name}data: ${data}\n\n`;
    })
    .join('');
}

export const start: CohereEvent = {
  type: 'message-start',
  id: 'r',
  delta: { message: { role: 'assistant' } },
};

export function text(value: string, index = 0): CohereEvent {
  return { type: 'content-delta', index, delta: { message: { content: { text: value } } } };
}

export function thinking(value: string, index = 0): CohereEvent {
  return { type: 'content-delta', index, delta: { message: { content: { thinking: value } } } };
}

export function callStart(index: number, id: unknown, name = 'look', args: unknown = ''): CohereEvent {
  const tool_calls = { id, type: 'function', function: { name, arguments: args } };
  return { type: 'tool-call-start', index, delta: { message: { tool_calls } } };
}

export function callDelta(index: number, args: unknown): CohereEvent {
  return {
    type: 'tool-call-delta',
    index,
    delta: { message: { tool_calls: { function: { arguments: args } } } },
  };
}

export function callEnd(index: number): CohereEvent {
  return { type: 'tool-call-end', index };
}

export function messageEnd(reason: unknown = 'COMPLETE', more: object = {}): CohereEvent {
  return { type: 'message-end', delta: { finish_reason: reason, ...more } };
}

/** A whole stream that is complete in HTTP's eyes. */
export function streamed(...events: readonly unknown[]): Step[] {
  return [head(), chunk(frames(...events)), end()];
}

/** The same, each event a segment of its own: what came before a bad one has left the proxy by then. */
export function streamedApart(...events: readonly unknown[]): Step[] {
  return [head(), ...events.map(event => chunk(frames(event))), end()];
}

/** The events of a stream's text, each with its blank line. */
export function splitEvents(sse: string): string[] {
  return sse.split(/(?<=\n\n)/).filter(event => event !== '');
}

export const jsonHead = { 'content-type': 'application/json' };
