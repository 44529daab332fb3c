// Under which names a session is found that nobody named: its anchors, and the calls of its replies.
import type { Message } from '../conversation/message.ts';
import type { Space, Turn } from '../conversation/session.ts';

export function hintsOf(space: Space, { anchors = [], added, reply }: Turn): string[] {
  // An import of what version 0.1 stored does not say which answers this proxy gave out: there they all count.
  const isGiven = (message: Message) =>
    message.role === 'assistant' &&
    (message.origin === 'reply' || (message.origin === undefined && reply === undefined));
  const said = [...added.filter(isGiven), ...(reply ? [reply.message] : [])];
  const calls = said.flatMap(message => {
    if (message.role !== 'assistant') return [];
    const { toolCalls = [], cutCalls = [] } = message;
    return [...toolCalls.map(({ id }) => id), ...cutCalls];
  });
  return [
    ...anchors.map(anchor => hintOf(space, 'anchor', anchor)),
    ...calls.map(id => hintOf(space, 'call', id)),
  ];
}

/** `user` and call ids may hold anything, so the length of the one says where it ends. */
export function hintOf({ owner, user }: Space, kind: 'anchor' | 'call', hint: string): string {
  return `${kind}\n${owner}\n${user === undefined ? '' : `${user.length}:${user}`}\n${hint}`;
}
