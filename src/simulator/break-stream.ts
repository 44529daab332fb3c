// The faults of a stream that has already begun.
import type { Fault } from './faults.ts';
import { invalidToolGeneration } from './refusal.ts';
import type { StreamEvent } from './stream-events.ts';

/** How many deltas come through before the failure. */
const deltasBefore = 3;

export interface BrokenStream {
  readonly events: Iterable<StreamEvent>;
  /** `done`: as Cohere ends. `end`: without `[DONE]`. `destroy`: no end at all. `silence`: nothing, for ever. */
  readonly ending: 'done' | 'end' | 'destroy' | 'silence';
}

export function breakStream(events: Iterable<StreamEvent>, fault: Fault | undefined): BrokenStream {
  switch (fault) {
    case 'simulate:cut':
      return { events: beginning(events), ending: 'destroy' };
    case 'simulate:stall':
      return { events: beginning(events), ending: 'silence' };
    case 'simulate:error':
      return { events: failing(events), ending: 'done' };
    case 'simulate:no-end':
      return { events: endless(events), ending: 'end' };
    default:
      return { events, ending: 'done' };
  }
}

function* beginning(events: Iterable<StreamEvent>): Generator<StreamEvent> {
  let deltas = 0;
  for (const event of events) {
    if (event.type === 'message-end') return;
    yield event;
    deltas += event.type.endsWith('-delta') ? 1 : 0;
    if (deltas === deltasBefore) return;
  }
}

function* failing(events: Iterable<StreamEvent>): Generator<StreamEvent> {
  yield* beginning(events);
  const { message, errorType } = invalidToolGeneration();
  // Recorded: open blocks are not closed, usage is there and empty.
  const end = { finish_reason: 'ERROR', usage: {}, error: message, error_type: errorType ?? '' };
  yield { type: 'message-end', delta: end };
}

function* endless(events: Iterable<StreamEvent>): Generator<StreamEvent> {
  for (const event of events) if (event.type !== 'message-end') yield event;
}
