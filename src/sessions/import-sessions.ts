// JSON lines → sessions. All lines are read before the first one is stored; then each session is stored whole, or not
// at all, those first that others branched off from.
import { setImmediate as otherWork } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type ErrorCode, ProxyError, toProxyError } from '../conversation/errors.ts';
import { History } from '../conversation/history.ts';
import type { Message } from '../conversation/message.ts';
import type { Session, SessionKey, Space } from '../conversation/session.ts';
import type { SessionStore } from '../store/session-store.ts';
import { Pauses } from '../streams/pauses.ts';
import { type JsonLimits, readJson, readSmallJson, smallBody } from '../streams/read-json.ts';
import { type BroughtSession, type ReadExportOptions, readBrought } from './read-export.ts';
import type { TurnMaker } from './turn-maker.ts';

export type Brought = BroughtSession & { readonly line: number };

export interface ImportReport {
  imported: number;
  /** There already, with the same in them. */
  unchanged: number;
  /** The ids of those that came without one. */
  readonly made: { readonly line: number; readonly id: string }[];
  readonly skipped: {
    readonly line: number;
    readonly id: string;
    readonly code: ErrorCode;
    readonly message: string;
  }[];
}

const newline = 0x0a;
/** Looked at in one go. */
const bytesAtOnce = 256 * 1024;
/** A durable store writes them to disk together. */
const batchSize = 32;

/** @throws ProxyError 400 with `details.line` */
export async function readLines(
  body: Buffer,
  owner: string,
  options: ReadExportOptions & JsonLimits & { readonly sessionsPerImport: number },
): Promise<Brought[]> {
  const brought: Brought[] = [];
  const pauses = new Pauses();
  for await (const { line, bytes } of linesOf(body, pauses)) {
    try {
      if (brought.length >= options.sessionsPerImport) {
        throw new ProxyError(
          'array_above_max_length',
          `More than ${options.sessionsPerImport} sessions in one import. Send the rest in another one.`,
        );
      }
      const value = bytes.length > smallBody ? await readJson(bytes, options) : readSmallJson(bytes, options);
      brought.push({ ...(await readBrought(value, owner, options)), line });
    } catch (error) {
      throw atLine(line, toProxyError(error));
    }
    await pauses.pass();
  }
  if (brought.length === 0)
    throw new ProxyError('invalid_request', 'The request body holds no session; expected JSON lines.');
  return brought;
}

/** Those that are not blank, with their numbers. */
async function* linesOf(
  body: Buffer,
  pauses: Pauses,
): AsyncGenerator<{ readonly line: number; readonly bytes: Buffer }> {
  let line = 1;
  for (let start = 0; start < body.length; ) {
    const sliceEnd = Math.min(body.length, start + bytesAtOnce);
    for (; start < sliceEnd && isBlank(body[start] ?? 0); start += 1) if (body[start] === newline) line += 1;
    if (start === sliceEnd) {
      await pauses.pass();
      continue;
    }
    const found = body.indexOf(newline, start);
    const end = found === -1 ? body.length : found;
    yield { line, bytes: body.subarray(start, end) };
    start = end;
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0d || byte === 0x09 || byte === newline;
}

/** @throws ProxyError with `details.imported`; the same request goes on from there */
export async function importSessions(
  brought: readonly Brought[],
  owner: string,
  store: SessionStore,
  make: TurnMaker,
): Promise<ImportReport> {
  const report: ImportReport = { imported: 0, unchanged: 0, made: [], skipped: [] };
  for (const batch of batchesOf(parentsFirst(brought))) {
    const failures: { readonly line: number; readonly error: ProxyError }[] = [];
    const storing = batch.map(async session => {
      const { line, user } = session;
      const key = { owner, user, id: session.id ?? make.id('sess_') };
      const skip = (code: ErrorCode, message: string) =>
        report.skipped.push({ line, id: key.id, code, message });
      try {
        const result = await storeOne(session, key, store, make);
        if (result === 'taken') skip('session_conflict', `There is another session '${key.id}' already.`);
        else report[result] += 1;
        if (result === 'imported' && session.id === undefined) report.made.push({ line, id: key.id });
      } catch (thrown) {
        const error = toProxyError(thrown);
        if (error.code === 'store_full' || error.code === 'store_corrupt') skip(error.code, error.message);
        else failures.push({ line, error });
      }
    });
    await Promise.all(storing);
    const [failure] = failures;
    if (failure) throw halfDone(failure.error, report.imported, failure.line);
    await otherWork();
  }
  report.made.sort((a, b) => a.line - b.line);
  report.skipped.sort((a, b) => a.line - b.line);
  return report;
}

function halfDone(cause: ProxyError, imported: number, line: number): ProxyError {
  return new ProxyError(
    cause.code,
    `Not all sessions could be imported, only ${imported}. Repeat the request to go on.`,
    { details: { imported, line }, cause, shouldRetry: true },
  );
}

async function storeOne(
  session: Brought,
  key: SessionKey,
  store: SessionStore,
  make: TurnMaker,
): Promise<'imported' | 'unchanged' | 'taken'> {
  const { system, messages, parentId } = session;
  if (session.id !== undefined) {
    const there = await store.read(key);
    if (there.status === 'found') return isSame(there.session, session) ? 'unchanged' : 'taken';
  }
  const read = parentId === undefined ? undefined : await store.read({ ...key, id: parentId });
  const parent = read?.status === 'found' ? read.session : undefined;
  const shared = (parent?.messages ?? History.empty).take(sharedLength(parent?.messages, messages));
  const added = messages.slice(shared.length);
  const turn = {
    ...make.turn(session),
    system,
    keep: shared.length,
    ...(parentId === undefined
      ? {}
      : {
          parent: {
            id: parentId,
            rootId: parent?.rootId ?? session.rootId ?? parentId,
            messages: shared,
          },
        }),
    anchors: await make.anchors({ history: shared, said: added, isNew: true, label: session.label, system }),
    added,
  };
  const { status } = await store.append(key, turn, { expectedVersion: 0 });
  return status === 'conflict' ? 'taken' : 'imported';
}

/** How many messages both begin with. */
function sharedLength(stored: History | undefined, messages: readonly Message[]): number {
  let length = 0;
  while (length < (stored?.length ?? 0) && length < messages.length) {
    if (!isDeepStrictEqual(stored?.at(length), messages[length])) break;
    length += 1;
  }
  return length;
}

function isSame(session: Session, brought: BroughtSession): boolean {
  const { model, dialect, label, parentId, idleMs, tools, system, messages } = session;
  return (
    model === brought.model &&
    dialect === brought.dialect &&
    label === brought.label &&
    parentId === brought.parentId &&
    idleMs === brought.idleMs &&
    messages.length === brought.messages.length &&
    sharedLength(messages, brought.messages) === messages.length &&
    isDeepStrictEqual(system, brought.system) &&
    isDeepStrictEqual(tools, brought.tools)
  );
}

/** Sessions that are stored at the same time: none that another one of them branches off from, or has the name of. */
function* batchesOf(ordered: Iterable<Brought>): Generator<readonly Brought[]> {
  let batch: Brought[] = [];
  let names = new Set<string>();
  for (const session of ordered) {
    const { id, parentId } = session;
    const isTiedTo = (other: string | undefined) => other !== undefined && names.has(nameOf(session, other));
    if (batch.length === batchSize || isTiedTo(id) || isTiedTo(parentId)) {
      yield batch;
      batch = [];
      names = new Set();
    }
    batch.push(session);
    if (id !== undefined) names.add(nameOf(session, id));
  }
  if (batch.length > 0) yield batch;
}

function nameOf({ user }: Pick<Space, 'user'>, id: string): string {
  return `${id}\n${user ?? ''}`;
}

/** In the order of the lines, but for those whose parent comes later. */
function parentsFirst(brought: readonly Brought[]): Iterable<Brought> {
  const named = new Map<string, Brought>();
  for (const session of brought)
    if (session.id !== undefined) named.set(nameOf(session, session.id), session);
  const ordered = new Set<Brought>();
  for (const session of brought) {
    const line = new Set<Brought>();
    let next: Brought | undefined = session;
    while (next && !ordered.has(next) && !line.has(next)) {
      line.add(next);
      next = next.parentId === undefined ? undefined : named.get(nameOf(next, next.parentId));
    }
    for (const one of [...line].reverse()) ordered.add(one);
  }
  return ordered;
}

function atLine(line: number, { code, message, param, cause }: ProxyError): ProxyError {
  const told = message.startsWith('The request body ')
    ? message.replace('The request body', `Line ${line}`)
    : `Line ${line}: ${message}`;
  return new ProxyError(code, told, {
    details: { line },
    cause,
    ...(param === undefined ? {} : { param }),
  });
}
