// One server, the one that sentinels name, or a cluster.
import { ClusterRoute } from './cluster-route.ts';
import type { ConnectionOptions, Reply } from './connection.ts';
import { Node } from './node.ts';
import type { RedisTarget } from './read-url.ts';
import type { Route, SendOptions } from './route.ts';
import { findMaster } from './sentinel.ts';

export type RouteOptions = Pick<ConnectionOptions, 'onProblem'>;

export function openRoute(target: RedisTarget, { onProblem }: RouteOptions): Route {
  const options = { ...target, onProblem };
  if (target.kind === 'cluster') return new ClusterRoute(options);
  const [first] = target.addresses;
  if (!first) throw new Error('no address');
  const find = target.kind === 'sentinel' ? () => findMaster(target) : () => Promise.resolve(first);
  return new OneServer(new Node({ ...options, find }));
}

class OneServer implements Route {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  connect(): Promise<void> {
    return this.#node.connect();
  }

  send(_key: string, command: readonly string[], options: SendOptions): Promise<Reply> {
    return this.#node.send(command, options);
  }

  slotOf(): number {
    return 0;
  }

  pingAll(): Promise<void> {
    return this.#node.ping();
  }

  close(): void {
    this.#node.close();
  }
}
