// Which session a request speaks to, as its client says it: by `sessionId`, by one of the names that others use for the
// same thing, or by a label, which narrows and names nothing.
import type { SessionChoice } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { isMadeSessionId, isSessionId } from '../conversation/session.ts';
import { isLabel } from '../http/read-label.ts';
import type { ChatBody } from './wire.ts';

/** What stands beside the body. */
export interface NamedBeside {
  /** The client's own id of the conversation, from a header. */
  readonly label?: string | undefined;
  readonly sessionHeader?: string | undefined;
  /** Parameters of the URL, and headers, that were meant to name a session and do not. */
  readonly nearMisses?: readonly string[] | undefined;
}

export interface ChosenSession {
  readonly choice: SessionChoice;
  /** What was to name a session and names nothing. */
  readonly dropped: readonly string[];
}

interface Alias {
  readonly name: string;
  readonly value: unknown;
}

export function chooseSession(fields: ChatBody, holdsAssistant: boolean, beside: NamedBeside): ChosenSession {
  const bringsMessage = fields.message !== undefined && fields.message !== null;
  const aliases = [
    { name: 'session_id', value: fields.session_id },
    { name: 'X-Session-Id', value: beside.sessionHeader },
  ];
  // An empty one is a mistake of who counts on a session; the others are often sent without meaning anything.
  const naming =
    (fields.sessionId ?? undefined) !== undefined
      ? { name: 'sessionId', value: fields.sessionId }
      : aliases.find(({ value }) => isGiven(value) && (bringsMessage || isOurs(value)));
  const id = naming && readId(naming);
  const missed = beside.nearMisses ?? [];
  if (id === undefined && bringsMessage && missed[0] !== undefined) {
    throw new ProxyError(
      'invalid_value',
      `Unknown parameter: '${missed[0]}'. To go on with a session, name it in the body as 'sessionId'.`,
      { param: missed[0] },
    );
  }
  const { label } = beside;
  const ownLabel = label !== undefined && label !== id ? label : labelOf(fields.session_id, id);
  const isUnused = isGiven(fields.session_id) && id !== fields.session_id && ownLabel !== fields.session_id;
  return {
    choice: {
      dialect: dialectOf(fields, bringsMessage || (id !== undefined && !holdsAssistant)),
      ...(id === undefined ? {} : { id }),
      ...(naming && naming.name !== 'sessionId' ? { param: naming.name } : {}),
      ...(ownLabel === undefined ? {} : { label: ownLabel }),
      ...(fields.history === 'replace' ? { isReplaced: true } : {}),
    },
    dropped: [...(isUnused ? ['session_id'] : []), ...missed],
  };
}

function dialectOf({ history }: ChatBody, isNew: boolean): SessionChoice['dialect'] {
  if (history) return history === 'append' ? 'session' : 'transcript';
  return isNew ? 'session' : 'transcript';
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function isOurs(value: unknown): boolean {
  return typeof value === 'string' && isSessionId(value) && isMadeSessionId(value);
}

function readId({ name, value }: Alias): string {
  if (typeof value === 'string' && isSessionId(value)) return value;
  throw new ProxyError(
    'invalid_value',
    `Invalid '${name}': expected 1 to 128 letters, numbers, underscores or dashes.`,
    { param: name },
  );
}

function labelOf(value: unknown, id: string | undefined): string | undefined {
  return typeof value === 'string' && value !== id && isLabel(value) ? value : undefined;
}
