// What scripts answer → records.
import { ProxyError } from '../../conversation/errors.ts';
import type { Space } from '../../conversation/session.ts';
import type { SessionRecord } from '../records.ts';
import { corrupt, readJson } from '../stored-text.ts';

/** What the first turn said. */
export interface FirstTurn {
  readonly owner: string;
  readonly user?: string | undefined;
  readonly dialect: 'session' | 'transcript';
  readonly label?: string | undefined;
  readonly rootId: string;
}

/** What the last turn said. */
export interface LastTurn {
  readonly model: string;
  readonly systemLength: number;
  readonly cuts?: string | undefined;
  /** The one that version 0.1 kept. It reads what is written here, too: so the name keeps its meaning. */
  readonly cut?: string | undefined;
}

/** @throws ProxyError `store_corrupt` */
export function readRecord(described: unknown, era: string): SessionRecord {
  const parts = texts(described);
  const [id = '', handle = '', version, createdAt, updatedAt, expiresAt, idle, segment, length] = parts;
  const [parent, system = '', tools = '', first = '', last = ''] = parts.slice(9);
  const { owner, user, dialect, label, rootId } = readFields(first) as unknown as FirstTurn;
  const { model, systemLength, cuts, cut } = readFields(last) as unknown as LastTurn;
  return {
    key: { owner, user, id: readJson(id) as string },
    handle,
    version: Number(version),
    createdAtMs: Number(createdAt),
    updatedAtMs: Number(updatedAt),
    expiresAtMs: Number(expiresAt),
    idleMs: idle ? Number(idle) : undefined,
    model,
    dialect,
    label,
    parentId: parent ? (readJson(parent) as string) : undefined,
    rootId,
    system,
    tools,
    systemLength,
    cuts: cuts ?? cut,
    segment: nameSegment(segment ?? '', era),
    length: Number(length),
  };
}

/** Undefined where it is damaged. */
export function readIntact(described: unknown, era: string): SessionRecord | undefined {
  try {
    return readRecord(described, era);
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** For what is only looked at: other errors stay errors. */
export function inPlaceOfDamage<T>(other: T): (error: unknown) => T {
  return error => {
    if (isDamage(error)) return other;
    throw error;
  };
}

export function isDamage(error: unknown): boolean {
  return error instanceof ProxyError && error.code === 'store_corrupt';
}

/**
 * Segments are named with the era of the server: after a failover, which may have lost what was acknowledged, nobody
 * takes what he remembers of a segment for what is stored.
 */
function nameSegment(segment: string, era: string): string {
  return `${segment}~${era}`;
}

export function readSegment(name: string): { readonly segment: string; readonly era: string } {
  const at = name.lastIndexOf('~');
  return { segment: name.slice(0, at), era: name.slice(at + 1) };
}

function readFields(text: string): object {
  const fields = readJson(text);
  if (typeof fields !== 'object' || fields === null) throw corrupt();
  return fields;
}

/** @throws ProxyError `store_corrupt` */
export function texts(value: unknown): string[] {
  if (!Array.isArray(value)) throw corrupt();
  return value.map(part => (typeof part === 'string' ? part : String(part)));
}

/** What was read is what was asked for, whatever happened on the way. @throws ProxyError `store_corrupt` */
export function checkOf(record: SessionRecord, space: Space, id = record.key.id): void {
  if (!isOf(record, space) || record.key.id !== id)
    throw corrupt(new Error('what was read is of another session than what was asked for'));
}

export function isOf({ key }: SessionRecord, { owner, user }: Space): boolean {
  return key.owner === owner && key.user === user;
}
