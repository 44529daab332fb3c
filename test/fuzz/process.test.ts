// I13, P9, P13: by chance, whatever may come to the whole process from clients and from Cohere, on each store.
import { expect, test } from 'vitest';
import { demandRedis, hasRedis, startRedis } from '../support/redis-server.ts';
import { randomSource } from '../support/seed.ts';
import { fuzz } from './fuzz.ts';

const requests = 60;

async function fuzzOn(store: string, name: string): Promise<string[]> {
  const random = randomSource(`fuzz on ${name}`);
  return fuzz({ random, requests, store, usesClientKeys: random() < 0.4 });
}

test.for([
  ['memory', 'memory:'],
  ['SQLite', 'sqlite:sessions.db'],
] as const)(
  '[XA1] [I13] [P13] odd requests and odd answers, with %s: it lives, and answers',
  async ([name, store]) => {
    expect(await fuzzOn(store, name)).toEqual([]);
  },
);

demandRedis('odd requests and odd answers with Redis');

test.runIf(hasRedis)(
  '[XA1] [I13] [P13] odd requests and odd answers, with Redis: it lives, and answers',
  async () => {
    const server = await startRedis();
    try {
      expect(await fuzzOn(server.url, 'Redis')).toEqual([]);
    } finally {
      await server.stop();
    }
  },
);
