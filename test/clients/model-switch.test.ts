// The model changes in mid-conversation: what Cohere said before is told in the form that the present one takes.
import { expect, it } from 'vitest';
import { startPair } from '../support/start.ts';
import { answers, dropReasoning, said, tools } from './agent-story.ts';
import {
  heardAnswers,
  heardAs,
  type Model,
  type NativeMessage,
  planning,
  reasoning,
} from './native-answer.ts';
import { TranscriptClient, type WireMessage } from './transcript-client.ts';

const courses: readonly (readonly Model[])[] = [
  [planning, planning, reasoning, reasoning, planning],
  [reasoning, reasoning, planning, planning, reasoning],
  [planning, reasoning, planning, reasoning, planning],
  [reasoning, planning, reasoning, planning, reasoning],
];

it.each(courses)('%s, %s, %s, %s, %s', async (...course) => {
  const client = new TranscriptClient(await startPair());
  let messages: readonly WireMessage[] = [];
  const before: NativeMessage[] = [];
  const ids = new Set<string>();
  for (const [turn, model] of course.entries()) {
    const native = answers(model)[turn];
    if (!native) throw new Error(`no answer for turn ${turn}`);
    messages = [...messages, ...(said[turn] ?? [])];
    const turned = await client.turn({ model, messages: dropReasoning(messages, turn), tools }, native);
    expect(heardAnswers(turned.heard)).toEqual(before.flatMap(earlier => heardAs(earlier, model)));
    expect(turned.state).toBe(turn === 0 ? 'new' : 'continued');
    ids.add(turned.id);
    before.push(native);
    messages = [...messages, turned.message];
  }
  expect(ids.size).toBe(1);
});
