// A cluster: each of 16,384 slots lies on one node, and moves. Nodes say where to: MOVED for good, ASK for one command.

import type { Reply } from './connection.ts';
import { RedisFailure } from './failure.ts';
import { Node, type NodeOptions } from './node.ts';
import type { Address } from './read-url.ts';
import type { Route, SendOptions } from './route.ts';

export interface ClusterOptions extends Omit<NodeOptions, 'find'> {
  readonly addresses: readonly Address[];
}

const slots = 16_384;
const maxRedirections = 5;
/** How often nodes are asked at most where the slots lie. */
const refreshMs = 200;

export class ClusterRoute implements Route {
  readonly #options: ClusterOptions;
  readonly #nodes = new Map<string, Node>();
  #places: (string | undefined)[] = [];
  #refreshing: Promise<void> | undefined;
  #refreshedAtMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
  }

  /** One that is away is looked for again; one that refuses will refuse later, too. */
  async connect(): Promise<void> {
    await this.#refresh();
    const names = [...new Set(this.#places)].filter(name => name !== undefined);
    await Promise.all(
      names.map(name =>
        this.#node(name)
          .connect()
          .catch(error => {
            if (error instanceof RedisFailure && error.kind === 'refused') throw error;
          }),
      ),
    );
  }

  async send(key: string, command: readonly string[], options: SendOptions): Promise<Reply> {
    const slot = this.slotOf(key);
    let ask: string | undefined;
    for (let redirections = 0; ; redirections += 1) {
      const node = await this.#nodeOf(ask ?? this.#places[slot]);
      try {
        return await (ask === undefined ? node.send(command, options) : node.sendAsking(command, options));
      } catch (error) {
        const failure = error instanceof RedisFailure ? error : undefined;
        const [word, , to] = failure?.kind === 'refused' ? failure.message.split(' ') : [];
        if ((word !== 'MOVED' && word !== 'ASK') || to === undefined || redirections >= maxRedirections) {
          // Another node may have taken its place.
          if (failure?.kind !== 'refused' || failure.code === 'CLUSTERDOWN') this.#refreshSoon();
          throw error;
        }
        ask = word === 'ASK' ? to : undefined;
        if (word !== 'MOVED') continue;
        this.#places[slot] = to;
        this.#refreshSoon();
      }
    }
  }

  slotOf(key: string): number {
    const tag = /\{([^}]+)\}/.exec(key)?.[1] ?? key;
    return crc16(tag) % slots;
  }

  async pingAll(): Promise<void> {
    if (this.#places.length < slots) await this.#refresh();
    const names = [...new Set(this.#places)];
    await Promise.all(names.map(async name => (await this.#nodeOf(name)).ping()));
  }

  close(): void {
    this.#isClosed = true;
    for (const node of this.#nodes.values()) node.close();
    this.#nodes.clear();
  }

  async #nodeOf(name: string | undefined): Promise<Node> {
    if (this.#isClosed) throw new RedisFailure('unsent', 'closed', { isDown: true });
    if (name === undefined) {
      this.#refreshSoon();
      throw new RedisFailure('unsent', 'no node has this slot');
    }
    const node = this.#node(name);
    // Whether that worked is seen when something is sent.
    if (!node.hasBegun) await node.connect().catch(() => undefined);
    return node;
  }

  #node(name: string): Node {
    const known = this.#nodes.get(name);
    if (known) return known;
    const at = name.lastIndexOf(':');
    const address = { host: name.slice(0, at), port: Number(name.slice(at + 1)) };
    const node = new Node({ ...this.#options, find: () => Promise.resolve(address) });
    this.#nodes.set(name, node);
    return node;
  }

  #refreshSoon(): void {
    if (this.#isClosed || performance.now() - this.#refreshedAtMs < refreshMs) return;
    this.#refresh().catch(() => undefined);
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#readPlaces().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** From the first node that says it. @throws what the last one did */
  async #readPlaces(): Promise<void> {
    this.#refreshedAtMs = performance.now();
    const seeds = this.#options.addresses.map(({ host, port }) => `${host}:${port}`);
    const ready = [...this.#nodes].filter(([, node]) => node.isReady).map(([name]) => name);
    let failure: unknown = new RedisFailure('unsent', 'no node was found');
    for (const name of new Set([...ready, ...seeds])) {
      try {
        const node = this.#node(name);
        if (!node.hasBegun) await node.connect();
        const { value } = await node.send(['CLUSTER', 'SLOTS'], { isAnswer: Array.isArray });
        this.#take(value, name);
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  #take(value: unknown, askedName: string): void {
    if (!Array.isArray(value) || value.length === 0)
      throw new RedisFailure('refused', 'the server is no cluster, or has no slots yet');
    const places = new Array<string | undefined>(slots);
    for (const [from, to, master] of value as [number, number, [string | null, number]][]) {
      const [host, port] = master;
      // A node that does not know its own name is where we found it.
      const name = `${host || askedName.slice(0, askedName.lastIndexOf(':'))}:${port}`;
      places.fill(name, Number(from), Number(to) + 1);
    }
    this.#places = places;
    const wanted = new Set(places);
    for (const [name, node] of this.#nodes) {
      if (wanted.has(name)) continue;
      node.close();
      this.#nodes.delete(name);
    }
  }
}

/** CRC-16/XMODEM, which clusters place keys by. */
export function crc16(text: string): number {
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    crc &= 0xffff;
  }
  return crc;
}
