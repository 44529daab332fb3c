// What a server says of itself when a connection begins.
import { randomBytes } from 'node:crypto';

export interface ServerState {
  readonly isMaster: boolean;
  /** Stays the same for as long as nothing that the server acknowledged can have been lost. */
  readonly era: string;
  /** Why it cannot be used. */
  readonly refusal: string | undefined;
  /** What whoever runs it should know. */
  readonly warnings: readonly string[];
}

const atLeast = { Redis: [7, 0], Valkey: [7, 2] } as const;

export interface ServerWords {
  /** The answer to INFO; undefined where it is not permitted. */
  readonly info: string | undefined;
  /** When it writes snapshots; undefined where that may not be asked. */
  readonly save: string | undefined;
  /** The version of what is stored there; undefined where no release has needed one. */
  readonly format?: string | undefined;
}

/**
 * A release whose records this one would misread sets the key `<prefix>:format` to a higher number before it writes
 * the first. 0.1 does not look: what it may meet must stay as it can read it.
 */
const formatVersion = 1;

export function readServerState({ info, save, format }: ServerWords, isCluster: boolean): ServerState {
  const said = new Map(
    (info ?? '')
      .split('\r\n')
      .map(line => line.split(':'))
      .map(([name = '', ...value]) => [name, value.join(':')]),
  );
  const replication = said.get('master_replid');
  return {
    isMaster: (said.get('role') ?? 'master') === 'master',
    era: replication?.slice(0, 12) || randomBytes(6).toString('hex'),
    refusal: versionProblem(said) ?? modeProblem(said, isCluster) ?? formatProblem(format),
    warnings: [...evictionWarnings(said), ...persistenceWarnings(said, save)],
  };
}

function versionProblem(said: ReadonlyMap<string, string>): string | undefined {
  const valkey = said.get('valkey_version');
  const kind = valkey === undefined ? 'Redis' : 'Valkey';
  const version = valkey ?? said.get('redis_version');
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  const [needsMajor, needsMinor] = atLeast[kind];
  if (version === undefined || major > needsMajor || (major === needsMajor && minor >= needsMinor))
    return undefined;
  return `the server is ${kind} ${version}; ${kind} ${needsMajor}.${needsMinor} or newer is needed`;
}

function modeProblem(said: ReadonlyMap<string, string>, isCluster: boolean): string | undefined {
  const mode = said.get('redis_mode') ?? said.get('server_mode');
  if (mode === 'sentinel') return 'the server is a sentinel: write redis+sentinel://';
  if (mode === 'cluster' && !isCluster) return 'the server is a node of a cluster: write redis+cluster://';
  if (mode === 'standalone' && isCluster) return 'the server is no node of a cluster: write redis://';
  return undefined;
}

function formatProblem(format: string | undefined): string | undefined {
  if (format === undefined || Number(format) <= formatVersion) return undefined;
  return 'its sessions were written by a later version of this program; use that one, or another ?prefix=';
}

function evictionWarnings(said: ReadonlyMap<string, string>): string[] {
  const policy = said.get('maxmemory_policy') ?? 'noeviction';
  if (policy === 'noeviction' || (said.get('maxmemory') ?? '0') === '0') return [];
  return [
    `The session store forgets sessions when its memory is full (maxmemory-policy ${policy}). Set maxmemory-policy to noeviction, so that it says so instead.`,
  ];
}

function persistenceWarnings(said: ReadonlyMap<string, string>, save: string | undefined): string[] {
  if (said.get('aof_enabled') !== '0' || save !== '') return [];
  return [
    'The session store keeps everything in memory only: when its server stops, all sessions are lost. Set appendonly to yes.',
  ];
}
