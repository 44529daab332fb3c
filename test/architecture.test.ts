// The house keeps its order: who may import whom, where I/O happens, what files are called, what must not be in them.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Tracked or about to be; what git ignores is nobody's business. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter(file => file !== '' && existsSync(join(root, file)));

const sources = files.filter(file => /^src\/.*\.ts$/.test(file) && !file.endsWith('.test.ts'));
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

interface Import {
  /** A file of `src/`, or a package's name. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

const statement = /^(?:import|export)\s+(?<type>type\s)?(?<names>[^'";]*?)\s*(?:from\s+)?'(?<path>[^']+)'/gm;

function readImports(file: string): Import[] {
  const text = textOf(file);
  const found = [...text.matchAll(statement)].map(({ groups = {} }): Import => {
    const { type, names = '', path = '' } = groups;
    const inBraces = /^\{(.*)\}$/s.exec(names.trim())?.[1];
    const parts = inBraces
      ?.split(',')
      .map(part => part.trim())
      .filter(part => part !== '');
    const isTypeOnly = type !== undefined || (parts?.every(part => part.startsWith('type ')) ?? false);
    return { target: path.startsWith('.') ? join(dirname(file), path) : path, isTypeOnly };
  });
  for (const [, path = ''] of text.matchAll(/\bimport\('([^']+)'\)/g)) {
    found.push({ target: path.startsWith('.') ? join(dirname(file), path) : path, isTypeOnly: false });
  }
  return found;
}

const imports = new Map(sources.map(file => [file, readImports(file)]));

/** `src/cohere/client.ts` → `cohere`; files at the top are rooms of their own. */
const roomOf = (file: string) => /^src\/(?:([^/]+)\/|(.+)\.ts$)/.exec(file)?.slice(1).find(Boolean) ?? file;

/** Files or, with a slash at the end, rooms; `type:` where only types may be taken. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  conversation: [],
  streams: [
    'limits.ts',
    'conversation/scan-json.ts',
    'conversation/exact-numbers.ts',
    'conversation/errors.ts',
  ],
  tokens: ['conversation/', 'type:cohere/wire.ts'],
  store: ['streams/', 'conversation/', 'type:store-choice.ts'],
  turn: ['conversation/', 'tokens/', 'store/session-store.ts', 'streams/'],
  cohere: ['conversation/', 'type:turn/model.ts', 'streams/'],
  'openai-chat': ['conversation/', 'turn/', 'http/', 'streams/'],
  sessions: ['streams/', 'conversation/', 'http/', 'store/session-store.ts'],
  http: [
    'streams/',
    'conversation/errors.ts',
    'conversation/session.ts',
    'type:conversation/adjustments.ts',
    'type:config.ts',
    'proxy-keys.ts',
  ],
  simulator: ['cohere/known-models.ts'],
  'offline-cohere': ['type:offline-worker.ts'],
  'offline-worker': ['simulator/', 'tokens/'],
  demo: ['index.ts', 'server.ts', 'simulator/', 'screen.ts', 'command-line.ts', 'config.ts'],
  ids: [],
  screen: [],
  'proxy-keys': [],
  'proxy-keys-file': ['limits.ts', 'proxy-keys.ts', 'read-file.ts'],
  'log-stream': [],
  'check-value': ['http/loopback.ts', 'proxy-keys.ts'],
  limits: ['check-value.ts'],
  'store-choice': [],
  'data-dir': [],
  config: ['check-value.ts', 'limits.ts', 'store-choice.ts', 'http/loopback.ts', 'type:proxy-keys.ts'],
  log: ['log-stream.ts', 'type:config.ts'],
  seal: ['conversation/', 'streams/read-json.ts'],
  secret: ['config.ts', 'data-dir.ts', 'limits.ts', 'read-file.ts'],
  'keep-calibration': ['store/session-store.ts', 'tokens/calibration.ts'],
  banner: ['config.ts', 'screen.ts', 'http/'],
  'read-file': [],
  'read-value': [],
  'command-line': [
    'config.ts',
    'limits.ts',
    'read-value.ts',
    'check-value.ts',
    'proxy-keys.ts',
    'screen.ts',
    'log.ts',
  ],
  index: [
    'cohere/format-messages.ts',
    'config.ts',
    'type:limits.ts',
    'conversation/truncate.ts',
    'type:conversation/',
    'server.ts',
  ],
  main: [
    'banner.ts',
    'command-line.ts',
    'config.ts',
    'proxy-keys-file.ts',
    'log.ts',
    'screen.ts',
    'server.ts',
    'secret.ts',
  ],
};

function isAllowed(file: string, { target, isTypeOnly }: Import): boolean {
  const room = roomOf(file);
  // It knows everybody.
  if (room === 'server' || roomOf(target) === room) return true;
  const path = target.replace(/^src\//, '');
  return (arrows[room] ?? []).some(entry => {
    const to = entry.replace(/^type:/, '');
    const isThere = to.endsWith('/') ? path.startsWith(to) : path === to;
    return isThere && (isTypeOnly || !entry.startsWith('type:'));
  });
}

test('every room has its arrows', () => {
  const rooms = new Set(sources.map(roomOf));
  rooms.delete('server');
  expect([...rooms].filter(room => arrows[room] === undefined)).toEqual([]);
});

test.each(sources)('%s imports only what it may', file => {
  const wrong = (imports.get(file) ?? [])
    .filter(({ target }) => target.startsWith('src/'))
    .filter(found => !isAllowed(file, found))
    .map(({ target }) => target);
  expect(wrong).toEqual([]);
});

test('imports name a file that is there, with its ending', () => {
  const known = new Set(sources);
  const lost = sources.flatMap(file =>
    (imports.get(file) ?? [])
      .filter(({ target }) => target.startsWith('src/') && !known.has(target) && target.endsWith('.ts'))
      .map(({ target }) => `${file} → ${target}`),
  );
  expect(lost).toEqual([]);
});

function circlesIn(next: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) {
      circles.push([...path.slice(path.indexOf(name)), name].join(' → '));
      return;
    }
    if (done.has(name)) return;
    for (const to of next.get(name) ?? []) visit(to, [...path, name]);
    done.add(name);
  };
  for (const name of next.keys()) visit(name, []);
  return circles;
}

test('no file needs itself by a detour; two that only share types may', () => {
  const next = [...imports].map(([file, list]): [string, Set<string>] => [
    file,
    new Set(list.filter(({ isTypeOnly }) => !isTypeOnly).map(({ target }) => target)),
  ]);
  expect(circlesIn(new Map(next))).toEqual([]);
});

test('no two rooms need each other, not even for a type', () => {
  const next = new Map<string, Set<string>>();
  for (const [file, list] of imports) {
    const room = roomOf(file);
    const rooms = list
      .map(({ target }) => target)
      // A leaf that happens to lie there: what a loopback name is.
      .filter(target => target.startsWith('src/') && target !== 'src/http/loopback.ts')
      .map(roomOf);
    next.set(room, new Set([...(next.get(room) ?? []), ...rooms.filter(other => other !== room)]));
  }
  expect(circlesIn(next)).toEqual([]);
});

describe('I/O happens only where it is meant to', () => {
  const places: Readonly<Record<string, RegExp>> = {
    'node:http': /^src\/simulator\//,
    'node:https': /^$/,
    'node:net': /^src\/(http\/loopback|check-value|server)\.ts$/,
    'node:fs':
      /^src\/(main|command-line|secret|log-stream|proxy-keys-file|read-file)\.ts$|^src\/(demo|tokens|store\/sqlite)\//,
    'node:fs/promises': /^src\/(main|command-line|secret|proxy-keys-file)\.ts$|^src\/demo\//,
    'node:child_process': /^src\/demo\//,
    'node:readline': /^src\/demo\//,
    'node:readline/promises': /^src\/demo\//,
    'node:sqlite': /^src\/store\/sqlite\//,
    '@redis/client': /^src\/store\/redis\//,
    undici: /^src\/(cohere\/client|cohere\/connect|tokens\/fetch-tokenizer)\.ts$/,
    fastify: /^src\/(http\/app|http\/sse-writer|openai-chat\/routes)\.ts$/,
    zod: /^src\/(openai-chat|sessions)\//,
  };
  // Names of one function, which opens nothing.
  const harmless: Readonly<Record<string, RegExp>> = {
    'node:net': /import \{ isIPv?[46]?(?:, isIPv?[46]?)* \} from/,
  };

  test.each(Object.entries(places))('%s', (name, place) => {
    const wrong = sources.filter(file => {
      const taken = (imports.get(file) ?? []).filter(
        ({ target, isTypeOnly }) => target === name && !isTypeOnly,
      );
      return taken.length > 0 && !place.test(file) && !harmless[name]?.test(textOf(file));
    });
    expect(wrong).toEqual([]);
  });

  test('nothing is fetched, and nothing printed but by those who start the process', () => {
    const fetching = sources.filter(
      file => !file.startsWith('src/demo/') && /(?<![.\w#])fetch\(/.test(textOf(file)),
    );
    expect(fetching).toEqual([]);
    const printing = sources.filter(file => /\bconsole\.|process\.(?:stdout|stderr)/.test(textOf(file)));
    expect(
      printing.filter(file => !/^src\/(?:main|log|log-stream|banner)\.ts$|^src\/demo\//.test(file)),
    ).toEqual([]);
  });

  test('conversations know no clock, no chance and no process', () => {
    const pure = sources.filter(file => /^src\/(?:conversation|cohere\/(?:format|read|tool)-)/.test(file));
    const impure = pure.filter(file =>
      /\bDate\.now\(\)|Math\.random|process\.|setTimeout|performance\./.test(textOf(file)),
    );
    // Retry-After may be a date, which is compared with now.
    expect(impure.filter(file => file !== 'src/cohere/read-error.ts')).toEqual([]);
  });
});

test('names say what a file is about', () => {
  const vague = /(?:^|[/-])(?:utils?|helpers?|common|managers?|base|misc|shared)(?:\.[\w.]+$|\/)/;
  expect(files.filter(file => vague.test(file))).toEqual([]);
  const sloppy = files.filter(file => /^(?:src|test)\/.*\.ts$/.test(file) && !/^[a-z0-9/.-]+$/.test(file));
  expect(sloppy).toEqual([]);
});

test('a long file is told about', () => {
  const long = sources
    .map(file => ({ file, lines: textOf(file).split('\n').length }))
    .filter(({ lines }) => lines > 350);
  for (const { file, lines } of long) process.stdout.write(`long: ${file}, ${lines} lines\n`);
  expect(long.filter(({ lines }) => lines > 500)).toEqual([]);
});

test('nothing tells of the machine or the network that it was made on', () => {
  // Written apart, or this file would be one of them.
  const traces = new RegExp(
    [
      String.raw`/(?:home|Users)/\w`,
      ['/wo', 'rk/'].join(''),
      '/tmp/bash_',
      String.raw`[A-Z]:\\Users`,
      String.raw`\b(?:artifactory|nexus|verdaccio)\b`,
      String.raw`\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}:\d+`,
    ].join('|'),
    'i',
  );
  const texts = files.filter(file => /\.(?:ts|js|json|md|ya?ml|html|sh|sse)$|^\.|^LICENSE/.test(file));
  const found = texts
    .filter(file => file !== 'test/architecture.test.ts')
    .flatMap(file => (traces.exec(textOf(file)) ?? []).slice(0, 1).map(trace => `${file}: ${trace}`));
  expect(found).toEqual([]);
});

test('the lock file names only the public registry', () => {
  const hosts = [...textOf('package-lock.json').matchAll(/"resolved": "(https?:\/\/[^/"]+)/g)].map(
    ([, host]) => host,
  );
  expect([...new Set(hosts)].filter(host => host !== 'https://registry.npmjs.org')).toEqual([]);
});
