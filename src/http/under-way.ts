// What is under way: requests and the bytes of their bodies, of each owner and of all together, and how many turns each
// owner began within the last minute. Where one user has the proxy, only what holds for the whole process holds.
import { ProxyError } from '../conversation/errors.ts';

export interface UnderWayOptions {
  readonly limits: {
    /** Bytes of bodies, of all owners. */
    readonly bodiesBytes: number;
    readonly ownerRequests: number;
    readonly ownerBodiesBytes: number;
    readonly ownerTurns: number;
  };
  /** Never goes back. */
  readonly nowMs: () => number;
}

/** One request. */
export interface Admitted {
  /** @throws ProxyError `owner_limit_exceeded`, `overloaded` where so much would not fit now; nothing is counted. */
  expect(bytes: number): void;
  /** Counts what came. @throws ProxyError as `expect` */
  take(bytes: number): void;
  /** To be called once the request is over, however it ended; again does nothing. */
  end(): void;
}

interface Load {
  requests: number;
  bytes: number;
  /** When the turns of the last minute began. */
  readonly turnsMs: number[];
}

const windowMs = 60_000;

export class UnderWay {
  readonly #options: UnderWayOptions;
  /** The longest not heard of first. */
  readonly #loads = new Map<string, Load>();
  #bytes = 0;
  #requests = 0;

  constructor(options: UnderWayOptions) {
    this.#options = options;
  }

  /** For tests, and for whoever wonders: what is counted now. */
  get counts() {
    return { requests: this.#requests, bytes: this.#bytes, owners: this.#loads.size };
  }

  /**
   * `owner` is undefined where there is only one.
   * @throws ProxyError `owner_limit_exceeded`
   */
  admit(owner: string | undefined, isTurn: boolean): Admitted {
    const load = owner === undefined ? undefined : this.#loadOf(owner);
    if (load) this.#admitTo(load, isTurn);
    this.#requests += 1;
    let taken = 0;
    let isOver = false;
    return {
      expect: bytes => this.#checkRoom(load, bytes),
      take: bytes => {
        if (isOver) return;
        this.#checkRoom(load, bytes);
        taken += bytes;
        this.#bytes += bytes;
        if (load) load.bytes += bytes;
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        this.#requests -= 1;
        this.#bytes -= taken;
        if (!load) return;
        load.requests -= 1;
        load.bytes -= taken;
      },
    };
  }

  #admitTo(load: Load, isTurn: boolean): void {
    const { limits, nowMs } = this.#options;
    if (load.requests >= limits.ownerRequests)
      throw exceeded(`${limits.ownerRequests} requests of yours are under way`);
    if (isTurn) {
      const [first] = load.turnsMs;
      if (first !== undefined && load.turnsMs.length >= limits.ownerTurns) {
        const waitS = Math.max(1, Math.ceil((first + windowMs - nowMs()) / 1000));
        throw exceeded(`you began ${limits.ownerTurns} turns within a minute`, waitS);
      }
      load.turnsMs.push(nowMs());
    }
    load.requests += 1;
  }

  #checkRoom(load: Load | undefined, bytes: number): void {
    const { bodiesBytes, ownerBodiesBytes } = this.#options.limits;
    if (load && load.bytes + bytes > ownerBodiesBytes)
      throw exceeded('the bodies of your requests under way take too much');
    if (this.#bytes + bytes > bodiesBytes)
      throw new ProxyError(
        'overloaded',
        'The bodies of all requests under way take too much. Try again in a moment.',
      );
  }

  #loadOf(owner: string): Load {
    this.#forgetIdle();
    const load = this.#loads.get(owner) ?? { requests: 0, bytes: 0, turnsMs: [] };
    this.#loads.delete(owner);
    this.#loads.set(owner, load);
    this.#forgetTurns(load);
    return load;
  }

  /** Looks at two for each that may be added, so that no more are kept than have something to be kept for. */
  #forgetIdle(): void {
    let looks = 2;
    for (const [owner, load] of this.#loads) {
      if (looks === 0) return;
      looks -= 1;
      this.#forgetTurns(load);
      this.#loads.delete(owner);
      if (load.requests > 0 || load.turnsMs.length > 0) this.#loads.set(owner, load);
    }
  }

  #forgetTurns({ turnsMs }: Load): void {
    const sinceMs = this.#options.nowMs() - windowMs;
    const kept = turnsMs.findIndex(beganMs => beganMs > sinceMs);
    turnsMs.splice(0, kept === -1 ? turnsMs.length : kept);
  }
}

function exceeded(what: string, retryAfterS?: number): ProxyError {
  return new ProxyError(
    'owner_limit_exceeded',
    `Too much at once: ${what}. Try again in a moment.`,
    retryAfterS === undefined ? {} : { retryAfterS },
  );
}
