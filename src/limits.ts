// Every limit and its default: bytes, counts, and waits in milliseconds. Pure.
import { type Check, isWholeNumber, must } from './check-value.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

export const defaultLimits = {
  /** Bytes of a request body. Agents send every image of the transcript again, so it is large. */
  bodyBytes: 32 * MiB,
  /** Levels of nesting in a JSON request body. */
  jsonDepth: 64,
  /** Values in a JSON request body, containers and what is in them: parsing more of them blocks for too long. */
  jsonValues: 150_000,
  /** Different keys in a JSON request body. */
  jsonKeys: 20_000,
  /** Bytes of one text in a JSON request body; an image in base64 may take all of it. No model reads as much. */
  textBytes: 16 * MiB,
  /** Bytes of the tools of one request, and of its documents, and of its schema. No model reads as much. */
  definitionBytes: 2 * MiB,
  /** Content parts and tool calls in all messages of one request. */
  partsPerRequest: 20_000,
  /** Documents in one request. */
  documentsPerRequest: 1_000,
  /** Keys that one object of a request may have where others are not known. */
  keysPerObject: 1_000,
  /** Sessions in one import. */
  sessionsPerImport: 100_000,
  /** Messages in one request. */
  messagesPerRequest: 10_000,
  /** Tools in one request. */
  toolsPerRequest: 512,
  /** Requests that one connection may have sent ahead while an earlier one is answered. */
  requestsAhead: 100,
  /** Streamed answers open at the same time. */
  streams: 1_000,
  /** Bytes of the bodies of all requests under way, half-sent ones too. */
  bodiesBytes: 256 * MiB,
  /** Requests of one owner under way; this and the other limits of an owner hold where there may be several owners. */
  ownerRequests: 200,
  /** Bytes of the bodies of one owner's requests under way. */
  ownerBodiesBytes: 128 * MiB,
  /** Turns that one owner may begin within a minute. */
  ownerTurns: 600,

  /** Milliseconds until the headers of a request must be complete. */
  headersTimeoutMs: 15_000,
  /** Milliseconds until the whole request, with its body, must have come. */
  requestTimeoutMs: 60_000,
  /** Milliseconds that a client may leave an answer unread before it is given up. */
  clientWriteTimeoutMs: 60_000,
  /** Milliseconds of silence in a streamed answer after which a comment line is sent. */
  keepAliveCommentMs: 15_000,

  /** Milliseconds to open a connection to Cohere. */
  connectTimeoutMs: 5_000,
  /** Milliseconds from the call to the first event of a stream. */
  firstEventTimeoutMs: 60_000,
  /** Milliseconds between two events of a stream. */
  idleTimeoutMs: 30_000,
  /** Milliseconds for one call of the model, streamed or not. */
  totalTimeoutMs: 10 * minuteMs,
  /** Bytes of one event in Cohere's stream. */
  upstreamEventBytes: MiB,
  /** Bytes of one answer of Cohere's. */
  upstreamBodyBytes: 64 * MiB,
  /** Levels of nesting in an answer of Cohere's, or an event: those of a request, as cited results, and those around them. */
  upstreamDepth: 128,
  /** JSON values in an answer of Cohere's, or an event, or the citations of a stream; log probabilities take six a token. */
  upstreamValues: 250_000,
  /** Content blocks in one answer of Cohere's. */
  upstreamBlocks: 50_000,
  /** Tool calls in one answer of Cohere's. */
  upstreamCalls: 1_000,
  /** Citations in one answer of Cohere's. */
  upstreamCitations: 50_000,
  /** Bytes that are read of an error answer of Cohere's. */
  upstreamErrorBytes: 64 * KiB,
  /** Connections to Cohere. */
  upstreamConnections: 1024,

  /** Requests that may wait for one busy session. */
  sessionQueue: 8,
  /** Milliseconds that a request waits for a busy session. */
  sessionWaitMs: 30_000,
  /** Sessions in the memory store. */
  sessions: 10_000,
  /** Bytes of all sessions in the memory store. */
  sessionStoreBytes: 256 * MiB,
  /** Sessions of one owner, where there may be several. */
  ownerSessions: 100_000,
  /** Bytes that are stored of one owner; where several proxies share a Redis, roughly. */
  ownerStoredBytes: 10 * GiB,
  /** Bytes of one session. */
  sessionBytes: 50 * MiB,
  /** Messages in one session. */
  sessionMessages: 20_000,
  /** Milliseconds after its last turn at which a session expires: 30 minutes in memory, 30 days where they outlive the process. */
  sessionIdleMs: 30 * minuteMs,
  /** The same for a transcript that nobody went on with. */
  transcriptIdleMs: dayMs,
  /** Expired sessions that are remembered as such. */
  tombstones: 100_000,
  /** Milliseconds for which an expired session is remembered as such. */
  tombstoneMs: 30 * dayMs,
  /** Answers that can be given again for a repeated request. */
  idempotencyRecords: 10_000,

  /** Milliseconds for which Cohere's list of models is kept. */
  modelsCacheMs: 5 * minuteMs,
  /** Milliseconds to fetch Cohere's list of models. */
  modelsTimeoutMs: 5_000,
  /** Milliseconds to ask Cohere whether a key is valid. */
  keyCheckTimeoutMs: 5_000,
  /** Clients' keys that are known to be accepted by Cohere. */
  acceptedKeys: 10_000,
  /** Milliseconds for which that is known. */
  acceptedKeyMs: 60 * minuteMs,
  /** Milliseconds that running turns have to end when the proxy is stopped. */
  shutdownMs: 25_000,
};

type LimitName = keyof typeof defaultLimits;
export type Limits = { readonly [Name in keyof typeof defaultLimits]: number };

export type GivenLimits = { readonly [Name in LimitName]?: number | undefined };

/** Sessions that outlive the process are kept for longer. */
export const durableIdleMs = 30 * dayMs;

/** Bytes of a file of the operator's that is read as text while nothing else runs: the proxy keys, the secret. */
export const textFileBytes = MiB;

/**
 * Numbers of a JSON text that are kept as they are written, and characters of each. They refuse nothing: what is beyond
 * is read as JavaScript reads it.
 */
export const exactNumbers = { count: 5_000, characters: 1_000 };

/** The longest wait that a timer can hold; a longer one would ring at once. */
const maxTimerMs = 2 ** 31 - 1;
const mayBeZero = new Set<string>([
  'sessionQueue',
  'sessionWaitMs',
  'tombstones',
  'modelsCacheMs',
  'shutdownMs',
]);
/** Compared with the clock, never given to a timer. */
const spans = new Set<string>([
  'sessionIdleMs',
  'transcriptIdleMs',
  'tombstoneMs',
  'modelsCacheMs',
  'acceptedKeyMs',
]);

export function limitChecks(): ReadonlyMap<string, Check> {
  return new Map(Object.keys(defaultLimits).map(name => [name, limitCheck(name)]));
}

function limitCheck(name: string): Check {
  const min = mayBeZero.has(name) ? 0 : 1;
  const max = name.endsWith('Ms') && !spans.has(name) ? maxTimerMs : Number.MAX_SAFE_INTEGER;
  const upTo = max === maxTimerMs ? `to ${max}` : 'up';
  return must(
    `be a whole number from ${min} ${upTo}`,
    value => isWholeNumber(value) && value >= min && value <= max,
  );
}

export function limitsOf(given: GivenLimits = {}, isDurable: boolean): Limits {
  const limits = { ...defaultLimits, ...(isDurable ? { sessionIdleMs: durableIdleMs } : {}) };
  for (const name of Object.keys(limits) as LimitName[]) limits[name] = given[name] ?? limits[name];
  return limits;
}
