// redis://user:password@host:port/db?prefix=… → where the servers are and how they are used. No error quotes the URL:
// it holds a password.
import { StoreStartError } from '../store-start-error.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Credentials {
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export interface RedisTarget {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** Of the server, of some nodes of the cluster, or of the sentinels. */
  readonly addresses: readonly Address[];
  /** What sentinels call the servers that they watch. */
  readonly masterName: string;
  readonly isTls: boolean;
  readonly credentials: Credentials;
  readonly database: number;
  readonly prefix: string;
  /** So many replicas must have a turn before it counts as stored. */
  readonly replicas: number;
  readonly waitMs: number;
}

const defaultPrefix = 'cohere-proxy';
const defaultWaitMs = 500;
const defaultPorts = { single: 6379, cluster: 6379, sentinel: 26379 } as const;

const form =
  /^(?<scheme>rediss?)(?:\+(?<kind>cluster|sentinel))?:\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?<path>\/[^?#]*)?(?:\?(?<query>[^#]*))?$/;

/** @throws StoreStartError */
export function readUrl(url: string): RedisTarget {
  const { scheme, kind: suffix, login, hosts, path, query } = form.exec(url)?.groups ?? {};
  if (scheme === undefined || hosts === undefined)
    throw wrong('must look like redis://user:password@host:6379/0');
  const kind = suffix === 'cluster' || suffix === 'sentinel' ? suffix : 'single';
  const addresses = hosts.split(',').map(host => readAddress(host, defaultPorts[kind]));
  if (kind === 'single' && addresses.length > 1)
    throw wrong('names several servers: write redis+cluster:// or redis+sentinel://');
  return {
    kind,
    addresses,
    isTls: scheme === 'rediss',
    credentials: readLogin(login),
    ...readPath(kind, path),
    ...readQuery(query),
  };
}

function readAddress(text: string, defaultPort: number): Address {
  const { six, name, port } =
    /^(?:\[(?<six>[0-9A-Fa-f:.]+)\]|(?<name>[A-Za-z0-9._-]+))(?::(?<port>\d{1,5}))?$/.exec(text)?.groups ??
    {};
  const host = six ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) throw wrong('names a server that is no host:port');
  return { host, port: number };
}

function readLogin(login: string | undefined): Credentials {
  if (!login) return { user: undefined, password: undefined };
  const [user = '', ...rest] = login.split(':');
  const password = rest.join(':');
  return { user: decode(user) || undefined, password: decode(password) || undefined };
}

function readPath(
  kind: RedisTarget['kind'],
  path: string | undefined,
): Pick<RedisTarget, 'masterName' | 'database'> {
  const parts = (path ?? '').split('/').slice(1).map(decode);
  const masterName = kind === 'sentinel' ? (parts.shift() ?? '') : '';
  if (kind === 'sentinel' && masterName === '')
    throw wrong('must name the master that the sentinels watch: redis+sentinel://host:26379/name');
  const database = parts.shift() || '0';
  if (!/^\d{1,5}$/.test(database) || parts.some(part => part !== ''))
    throw wrong('must end in a number of a database, or in nothing');
  if (kind === 'cluster' && database !== '0') throw wrong('names a database; a cluster has only one');
  return { masterName, database: Number(database) };
}

function readQuery(query = ''): Pick<RedisTarget, 'prefix' | 'replicas' | 'waitMs'> {
  const given = new Map<string, string>();
  for (const part of query.split('&').filter(part => part !== '')) {
    const [name = '', ...value] = part.split('=');
    if (!['prefix', 'replicas', 'wait_ms'].includes(name))
      throw wrong('has a parameter that is none of: prefix, replicas, wait_ms');
    given.set(name, decode(value.join('=')));
  }
  const prefix = given.get('prefix') ?? defaultPrefix;
  // Braces would choose the slot of a cluster.
  if (!/^[A-Za-z0-9._:-]{1,64}$/.test(prefix))
    throw wrong('has a prefix that is not 1 to 64 of A–Z a–z 0–9 . _ : -');
  return {
    prefix,
    replicas: readCount('replicas', given.get('replicas') ?? '0', 0, 99),
    waitMs: readCount('wait_ms', given.get('wait_ms') ?? String(defaultWaitMs), 1, 900),
  };
}

function readCount(name: string, text: string, min: number, max: number): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= min && count <= max)) throw wrong(`has a ${name} that is no number from ${min} to ${max}`);
  return count;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong('holds a % that begins no percent-encoding');
  }
}

function wrong(how: string): StoreStartError {
  return new StoreStartError(`The URL of the session store ${how}.`);
}
