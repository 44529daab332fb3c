// Records on real servers. What a test began is closed when it is over.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { ProxyError } from '../../../src/conversation/errors.ts';
import type { SessionKey } from '../../../src/conversation/session.ts';
import type { AppendRecordResult, TurnRecord } from '../../../src/store/records.ts';
import { RedisRecords, type RedisRecordsOptions } from '../../../src/store/redis/redis-records.ts';
import { type RedisOptions, type RedisServer, startRedis } from '../../support/redis-server.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { livesMs, turn } from '../record-turn.ts';

export interface Problem {
  readonly message: string;
  readonly err?: unknown;
}

export async function beginRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}

export async function beginProxy(server: RedisServer): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(server.port);
  onTestFinished(() => proxy.stop());
  return proxy;
}

export async function openRecords(
  url: string,
  more: Partial<RedisRecordsOptions> = {},
): Promise<RedisRecords> {
  const records = await RedisRecords.open({ url, tombstoneMs: livesMs, ...more });
  onTestFinished(() => records.close());
  return records;
}

export const urlOf = ({ port }: { readonly port: number }) => `redis://127.0.0.1:${port}`;

/** A session of so many turns: `"1"`, `"2"`, … */
export async function fill(records: RedisRecords, of: SessionKey, turns = 1, more: Partial<TurnRecord> = {}) {
  for (let version = 0; version < turns; version += 1) {
    const first = version === 0 ? more : {};
    await records.append(of, turn([`"${version + 1}"`], first), { expectedVersion: version });
  }
}

export async function messagesOf(records: RedisRecords, of: SessionKey): Promise<readonly string[] | string> {
  const opened = await records.open(of);
  return opened.status === 'found' ? opened.messages : opened.status;
}

export async function recordOf(records: RedisRecords, of: SessionKey) {
  const opened = await records.open(of);
  if (opened.status !== 'found') throw new Error(`${of.id} is ${opened.status}`);
  return opened.record;
}

export const statusOf = (result: AppendRecordResult) => result.status;

/** The code of the ProxyError, or `works`. */
export const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'works',
    (error: unknown) => (error instanceof ProxyError ? error.code : String(error)),
  );

/**
 * Whether something is settled without waiting for anything: within some turns of the event loop, of which a second
 * has thousands, also on a machine that is busy.
 */
export async function isToldAtOnce(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  const settled = codeOf(promise).then(() => {
    isSettled = true;
  });
  for (let turn = 0; turn < 50 && !isSettled; turn += 1) await nextTurn();
  const isAtOnce = isSettled;
  await settled;
  return isAtOnce;
}

/** How long something took, whether it worked or not. */
export async function timed<T>(promise: Promise<T>): Promise<{ readonly ms: number; readonly code: string }> {
  const startMs = performance.now();
  const code = await codeOf(promise);
  return { ms: performance.now() - startMs, code };
}
