import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSeed } from '../../test/properties/from-seed.ts';
import { canonicalPath } from './canonical-path.ts';

test.each([
  ['/v1/chat/completions', '/v1/chat/completions'],
  ['/chat/completions', '/v1/chat/completions'],
  ['//chat//completions', '/v1/chat/completions'],
  ['/v1//chat/completions', '/v1/chat/completions'],
  ['//v1/models', '/v1/models'],
  ['/models', '/v1/models'],
  ['/models/command-a-03-2025', '/v1/models/command-a-03-2025'],
  ['/models?limit=1', '/v1/models?limit=1'],
  ['/model/info', '/v1/model/info'],
  ['/sessions/mine?user=a//b', '/v1/sessions/mine?user=a//b'],
  ['/sessions', '/v1/sessions'],
  ['/session-exports?user=', '/v1/session-exports?user='],
  ['/session-imports', '/v1/session-imports'],
  ['/v1/chat/completions?beta=true', '/v1/chat/completions?beta=true'],
  ['/', '/'],
  ['///', '/'],
  ['/?a=//', '/?a=//'],
  ['/health', '/health'],
])('%s is %s', (url, expected) => {
  expect(canonicalPath(url)).toBe(expected);
});

test.each([
  '/modelsx',
  '/chat/completionsx',
  '/chat',
  '/v1/v1/models',
  '/v2/chat',
  '/v1/chat/completions/',
  '/V1/models',
  '/Models',
  '/%6dodels',
  '/v1/%2e%2e/models',
  '/v1/../models',
  '/x/models',
])('%s stays as it is, and so is no route', url => {
  expect(canonicalPath(url)).toBe(url);
});

test('a canonical path stays as it is, and the query always does', () => {
  const part = fc.constantFrom(
    '/',
    '//',
    'v1',
    'models',
    'chat',
    'completions',
    'sessions',
    'x',
    '%2f',
    '.',
    '..',
  );
  const query = fc.constantFrom('', '?', '?a=//b', '?/models');
  fc.assert(
    fc.property(fc.array(part), query, (parts, tail) => {
      const path = canonicalPath(`/${parts.join('')}${tail}`);
      expect(canonicalPath(path)).toBe(path);
      expect(path.endsWith(tail)).toBe(true);
      expect(path.slice(0, path.length - tail.length)).not.toContain('//');
    }),
    fromSeed('paths'),
  );
});
