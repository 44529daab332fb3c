// One connection to one server, with limits: nothing waits for a connection, few wait for an answer, none for long, and
// a connection that answers nothing is thrown away. It is made again for as long as it is wanted.
import { ClientClosedError, ClientOfflineError, createClient, ErrorReply } from '@redis/client';
import { RedisFailure } from './failure.ts';
import type { Address, Credentials, RedisTarget } from './read-url.ts';
import { readServerState } from './server-state.ts';

export interface Reply {
  readonly value: unknown;
  /** Of the server when it answered. */
  readonly era: string;
}

export interface AskOptions {
  /** What it has to look like, to be the answer to this. Held against it also when nobody waits for it any more. */
  readonly isAnswer: (value: unknown) => boolean;
  readonly timeoutMs?: number | undefined;
}

export interface ConnectionOptions {
  /** Asked before each attempt: after a failover it is another. */
  readonly find: () => Promise<Address>;
  readonly isTls: boolean;
  readonly credentials: Credentials;
  readonly database: number;
  readonly kind: RedisTarget['kind'];
  readonly prefix: string;
  /** Told when a server answers that cannot be used, or should be set up in another way. */
  readonly onProblem: (message: string, err?: unknown) => void;
}

type Client = ReturnType<typeof makeClient>;

const attemptMs = 1_200;
const answerMs = 1_000;
/** For what is large, on top: 20 MB a second. */
const bytesPerMs = 20_000;
const silenceMs = 5_000;
const idleMs = 10_000;
const backOffMs = { first: 25, most: 400 };
/** How long it may be away before nobody waits for it. */
const awayMs = 1_000;
const maxWaiting = 4_096;
const maxWaitingBytes = 256 * 1_024 * 1_024;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #watch: NodeJS.Timeout;
  #client: Client | undefined;
  #era = '';
  #isClosed = false;
  #connecting: Promise<void> | undefined;
  #hasBegun = false;
  #awaySinceMs = performance.now();
  #waiting = 0;
  #waitingBytes = 0;
  /** When it last answered, or had nothing to answer. */
  #answeredAtMs = 0;
  #retry: NodeJS.Timeout | undefined;
  #lastFailure: unknown;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.#look(), 1_000);
    this.#watch.unref();
  }

  get isReady(): boolean {
    return this.#client !== undefined;
  }

  /** Whether it was ever tried: from then on it is tried again by itself. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The first attempt; the others follow by themselves. @throws what went wrong */
  async connect(): Promise<void> {
    if (this.#client || this.#isClosed) return;
    this.#hasBegun = true;
    try {
      await this.#attemptOnce();
    } catch (error) {
      this.#lastFailure = error;
      this.#connectLater(backOffMs.first);
      throw error;
    }
  }

  /** @throws RedisFailure */
  send(command: readonly string[], { isAnswer, timeoutMs = answerMs }: AskOptions): Promise<Reply> {
    const client = this.#client;
    if (!client) return Promise.reject(this.#away());
    const bytes = command.reduce((sum, part) => sum + part.length, 0);
    if (this.#waiting >= maxWaiting || this.#waitingBytes + bytes > maxWaitingBytes)
      return Promise.reject(
        new RedisFailure('unsent', 'too many commands wait for an answer', { isDown: true }),
      );
    if (this.#waiting === 0) this.#answeredAtMs = performance.now();
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    const era = this.#era;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new RedisFailure('lost', 'no answer in time')),
        timeoutMs + bytes / bytesPerMs,
      );
      const done = () => {
        clearTimeout(timer);
        this.#waiting -= 1;
        this.#waitingBytes -= bytes;
        this.#answeredAtMs = performance.now();
      };
      client.sendCommand([...command]).then(
        value => {
          done();
          if (isAnswer(value)) return resolve({ value, era });
          // Whatever it is, it is not ours to read, and neither is what comes behind it.
          const failure = new RedisFailure('lost', 'an answer to something else');
          this.#drop(client, failure);
          reject(failure);
        },
        (error: unknown) => {
          done();
          const failure = failureOf(error);
          // It is a server's that no longer leads.
          if (failure.code === 'READONLY') this.#drop(client, failure);
          reject(failure);
        },
      );
    });
  }

  /** @throws RedisFailure */
  async ping(): Promise<void> {
    const word = String(performance.now());
    await this.send(['PING', word], { isAnswer: value => value === word });
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#watch);
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    client?.destroy();
  }

  #away(): RedisFailure {
    const isDown = this.#isClosed || performance.now() - this.#awaySinceMs > awayMs;
    return new RedisFailure('unsent', 'there is no connection', { isDown, cause: this.#lastFailure });
  }

  #attemptOnce(): Promise<void> {
    this.#connecting ??= this.#attempt().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #attempt(): Promise<void> {
    const address = await this.#options.find();
    if (this.#isClosed) throw new RedisFailure('unsent', 'closed');
    const client = makeClient(address, this.#options);
    client.on('error', (error: unknown) => this.#drop(client, error));
    let timer: NodeJS.Timeout | undefined;
    try {
      const state = await Promise.race([
        begin(client, this.#options),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(new RedisFailure('unsent', 'no connection in time')), attemptMs);
        }),
      ]);
      if (this.#isClosed) throw new RedisFailure('unsent', 'closed');
      if (state.refusal !== undefined) throw new RedisFailure('refused', state.refusal);
      if (!state.isMaster) throw new RedisFailure('refused', 'the server is a replica, which takes nothing');
      for (const warning of state.warnings) this.#options.onProblem(warning);
      this.#era = state.era;
      this.#client = client;
      this.#lastFailure = undefined;
      this.#answeredAtMs = performance.now();
    } catch (error) {
      client.destroy();
      throw error instanceof RedisFailure ? error : failureOf(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #drop(client: Client, reason: unknown): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#lastFailure = reason;
    this.#awaySinceMs = performance.now();
    client.destroy();
    this.#options.onProblem('The connection to the session store was lost.', reason);
    this.#connectLater(0);
  }

  #connectLater(ms: number): void {
    if (this.#isClosed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(async () => {
      if (this.#client || this.#isClosed) return;
      try {
        await this.#attemptOnce();
      } catch (error) {
        this.#lastFailure = error;
        if (error instanceof RedisFailure && error.kind === 'refused')
          this.#options.onProblem(`The session store refuses the connection: ${error.message}`);
        const next = Math.min(backOffMs.most, Math.max(backOffMs.first, ms * 2));
        this.#connectLater(next * (0.75 + Math.random() / 2));
      }
    }, ms);
    this.#retry.unref();
  }

  #look(): void {
    const client = this.#client;
    if (!client) return;
    const silentMs = performance.now() - this.#answeredAtMs;
    if (this.#waiting > 0 && silentMs >= silenceMs) this.#drop(client, new Error('no answer for too long'));
    // What lies between may forget a connection that nobody uses.
    else if (this.#waiting === 0 && silentMs >= idleMs) this.ping().catch(() => undefined);
  }
}

function makeClient({ host, port }: Address, { isTls, credentials, database }: ConnectionOptions) {
  const { user, password } = credentials;
  const reach = { host, port, connectTimeout: attemptMs, reconnectStrategy: false } as const;
  return createClient({
    socket: isTls ? { ...reach, tls: true } : reach,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    database,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    // Counted here, with what was sent; a signal for each command costs more than the command.
    commandOptions: { timeout: 0 },
  });
}

async function begin(client: Client, { kind, prefix }: ConnectionOptions) {
  await client.connect();
  const [info, save, format] = await Promise.all([
    client.sendCommand(['INFO']).catch(ignoreRefusal),
    client.sendCommand(['CONFIG', 'GET', 'save']).catch(ignoreRefusal),
    // In a cluster one of the nodes has it.
    client.sendCommand(['GET', `${prefix}:format`]).catch(ignoreAnyRefusal),
  ]);
  const saved = Array.isArray(save) ? save[1] : undefined;
  const words = {
    info: typeof info === 'string' ? info : undefined,
    save: typeof saved === 'string' ? saved : undefined,
    format: typeof format === 'string' ? format : undefined,
  };
  return readServerState(words, kind === 'cluster');
}

function ignoreRefusal(error: unknown): undefined {
  if (error instanceof ErrorReply && /^(NOPERM|ERR)/.test(error.message)) return undefined;
  throw error;
}

function ignoreAnyRefusal(error: unknown): undefined {
  if (error instanceof ErrorReply) return undefined;
  throw error;
}

function failureOf(error: unknown): RedisFailure {
  if (error instanceof RedisFailure) return error;
  if (error instanceof ErrorReply) return new RedisFailure('refused', error.message, { cause: error });
  if (error instanceof ClientClosedError || error instanceof ClientOfflineError)
    return new RedisFailure('unsent', 'there is no connection', { cause: error });
  return new RedisFailure('lost', 'the connection was lost', { cause: error });
}
