import { describe, expect, test } from 'vitest';
import { readUrl } from '../../../src/store/redis/read-url.ts';
import { StoreStartError } from '../../../src/store/store-start-error.ts';

const plain = {
  kind: 'single',
  addresses: [{ host: 'h', port: 6379 }],
  masterName: '',
  isTls: false,
  credentials: { user: undefined, password: undefined },
  database: 0,
  prefix: 'cohere-proxy',
  replicas: 0,
  waitMs: 500,
};

describe('the URL of a Redis', () => {
  test.each([
    ['redis://h', {}],
    ['redis://h/', {}],
    ['redis://h:7000/3', { addresses: [{ host: 'h', port: 7000 }], database: 3 }],
    ['rediss://h', { isTls: true }],
    ['redis://[::1]:7000', { addresses: [{ host: '::1', port: 7000 }] }],
    ['redis://:p%40ss@h', { credentials: { user: undefined, password: 'p@ss' } }],
    ['redis://ada:a%3Ab:c@h', { credentials: { user: 'ada', password: 'a:b:c' } }],
    ['redis://h?prefix=a:b&replicas=2&wait_ms=100', { prefix: 'a:b', replicas: 2, waitMs: 100 }],
    [
      'redis+cluster://a:1,b:2,c',
      {
        kind: 'cluster',
        addresses: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: 'c', port: 6379 },
        ],
      },
    ],
    ['rediss+cluster://h', { kind: 'cluster', isTls: true }],
    [
      'redis+sentinel://:p@a,b:1/main/4',
      {
        kind: 'sentinel',
        addresses: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 1 },
        ],
        masterName: 'main',
        database: 4,
        credentials: { user: undefined, password: 'p' },
      },
    ],
  ])('%s', (url, more) => {
    expect(readUrl(url)).toEqual({ ...plain, ...more });
  });

  const secret = 'hunter2';
  test.each([
    `http://u:${secret}@h`,
    `redis:u:${secret}@h`,
    `redis://u:${secret}@`,
    `redis://u:${secret}@h:0`,
    `redis://u:${secret}@h:99999`,
    `redis://u:${secret}@h:port`,
    `redis://u:${secret}@h/x`,
    `redis://u:${secret}@h/1/2`,
    `redis://u:${secret}%@h`,
    `redis://u:${secret}@a,b`,
    `redis://u:${secret}@h?password=${secret}`,
    `redis://u:${secret}@h?prefix={${secret}}`,
    `redis://u:${secret}@h?prefix=`,
    `redis://u:${secret}@h?replicas=-1`,
    `redis://u:${secret}@h?wait_ms=5000`,
    `redis://u:${secret}@h#x`,
    `redis+cluster://u:${secret}@h/1`,
    `redis+sentinel://u:${secret}@h`,
    `redis+sentinel://u:${secret}@h/main/x`,
    `redis+other://u:${secret}@h`,
    `redis://u:p@ss${secret}@h`,
  ])('refused, and not quoted: %s', url => {
    expect(() => readUrl(url)).toThrow(StoreStartError);
    expect(() => readUrl(url)).toThrow(/^The URL of the session store /);
    expect(() => readUrl(url)).not.toThrow(secret);
  });
});
