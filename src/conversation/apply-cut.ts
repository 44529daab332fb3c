// A cut that was remembered, as a view of the history that it was made for.
import type { History, View } from './history.ts';
import { inShort } from './in-short.ts';
import type { Message } from './message.ts';
import { type Cut, noticeOf } from './truncate.ts';

const views = new WeakMap<Cut, View>();

/**
 * Undefined where the history alone does not hold all that the cut names: the first user message, before which nothing
 * is left out, and the ranges. The same view for the same cut, so that what is derived from it can be kept.
 */
export function viewOf(cut: Cut, history: History): View | undefined {
  let end = cut.leftOut.at(-1)?.[1] ?? 0;
  for (const place of Object.keys(cut.shortened)) end = Math.max(end, Number(place) + 1);
  if (end > history.length) return undefined;
  let view = views.get(cut);
  if (!view) {
    const firstUser = placeOfFirstUser(history);
    if (firstUser === undefined) return undefined;
    view = { show: show(cut, firstUser) };
    views.set(cut, view);
  }
  return view;
}

/** How many messages a cut leaves out. */
export function leftOutBy({ leftOut }: Cut): number {
  let count = 0;
  for (const [start, end] of leftOut) count += end - start;
  return count;
}

function show(cut: Cut, firstUser: number): View['show'] {
  const { leftOut, shortened } = cut;
  const count = leftOutBy(cut);
  const notice = count > 0 ? [noticeOf(count)] : [];
  return (message: Message, place: number) => {
    if (leftOut.some(([start, end]) => start <= place && place < end)) return [];
    const characters = shortened[place];
    const shown =
      characters !== undefined && message.role === 'tool' ? inShort(message, characters) : message;
    return place === firstUser ? [shown, ...notice] : [shown];
  };
}

function placeOfFirstUser(history: History): number | undefined {
  for (let place = 0; place < history.length; place += 1)
    if (history.at(place)?.role === 'user') return place;
  return undefined;
}
