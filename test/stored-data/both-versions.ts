// Two releases on one store, by hand: the conversations of 0.1 are gone on with by today's code, then by 0.1 again,
// then by today's; and 0.1 is shown a SQLite file of today's where that is of a later format.
//
//   git worktree add --detach /tmp/v0.1 b922752 && (cd /tmp/v0.1 && npm ci)
//   node test/stored-data/both-versions.ts /tmp/v0.1
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { CohereProxyServer } from '../../src/index.ts';
import { heardAnswers, heardAs, sayNative, sayText } from '../clients/native-answer.ts';
import { FakeCohere } from '../support/fake-cohere.ts';
import { collectChunks, readCompletion } from '../support/openai-reply.ts';
import { parseFrames } from '../support/read-sse.ts';
import type { SaidConversation } from './said.ts';
import { fillRedis, fillSqlite } from './stored-0.1.ts';
import { contexts, headersOf, keys, secret } from './story-0.1.ts';

const checkout = resolve(process.argv[2] ?? '/tmp/v0.1');
const old = (await import(pathToFileURL(join(checkout, 'src/index.ts')).href)) as {
  CohereProxyServer: typeof CohereProxyServer;
};
const folder = mkdtempSync(join(tmpdir(), 'both-versions-'));
const port = 6_390;
const redis = spawn('redis-server', ['--port', `${port}`, '--save', '', '--dir', folder], {
  stdio: 'ignore',
});
let isBad = false;
try {
  await pause(500);
  const url = `redis://127.0.0.1:${port}`;
  const { conversations } = await fillRedis(url);
  await goOn('Redis', conversations, url, [CohereProxyServer, old.CohereProxyServer, CohereProxyServer]);

  const path = join(folder, 'sessions.db');
  const said = fillSqlite(path);
  await goOn('SQLite', said.conversations, `sqlite:${path}`, [old.CohereProxyServer, CohereProxyServer]);
  const database = new DatabaseSync(path);
  const format = Number(Object.values(database.prepare('PRAGMA user_version').get() ?? {})[0]);
  // Where today's format is still that of 0.1, the next one stands for it.
  if (format === 1) database.exec('PRAGMA user_version = 2');
  database.close();
  const main = ['src/main.ts', '--offline', '--port', '0', '--session-store', `sqlite:${path}`];
  const { status, stderr } = spawnSync(process.execPath, main, { cwd: checkout, encoding: 'utf8' });
  report(
    `SQLite of format ${Math.max(format, 2)}, opened by 0.1: exit code ${status}: ${stderr.trim()}`,
    status === 2,
  );
} finally {
  redis.kill();
  rmSync(folder, { recursive: true });
}
process.exitCode = isBad ? 1 : 0;

/** Each conversation goes on for one turn with each of these, and none of them loses a word. */
async function goOn(
  store: string,
  conversations: readonly SaidConversation[],
  sessionStore: string,
  versions: readonly (typeof CohereProxyServer)[],
): Promise<void> {
  const fake = await FakeCohere.start();
  const nexts = new Map(conversations.map(said => [said, { next: said.next, natives: [...said.natives] }]));
  for (const [at, Server] of versions.entries()) {
    const name = `${store}, ${Server === CohereProxyServer ? 'today' : '0.1'} (${at + 1}.)`;
    for (const owners of [['ada', 'ben'], ['local'], ['guest']]) {
      const proxyKeys = Object.entries(keys).map(([name, key]) => ({ name, key }));
      const server = new Server({
        cohereBaseUrl: fake.url,
        ...(owners.includes('guest') ? {} : { cohereApiKey: 'proxy-own-key-0123456789' }),
        ...(owners.includes('ada') ? { proxyKeys } : {}),
        port: 0,
        logLevel: 'silent',
        dataDir: folder,
        proxySecret: secret,
        contexts,
        sessionStore,
      });
      const { url } = await server.listen();
      for (const [said, state] of nexts) {
        if (!owners.includes(said.owner)) continue;
        const before = fake.chatRequests.length;
        const native = sayText(`Turn ${at + 1} of ${said.name}.`);
        fake.script(...sayNative(native, state.next.stream === true));
        const response = await fetch(`${url}/v1/chat/completions`, {
          method: 'POST',
          headers: { ...headersOf(said.owner), ...said.headers },
          body: JSON.stringify(state.next),
        });
        const text = await response.text();
        const heard = heardAnswers(fake.chatRequests[before]);
        const wanted = state.natives.flatMap(message => heardAs(message, said.model));
        const sessionState = response.headers.get('x-session-state');
        const isWhole = said.name === 'long' || isDeepStrictEqual(heard, wanted);
        const isSame = response.headers.get('x-session-id') === said.id && sessionState === 'continued';
        report(`${name}: ${said.name}: ${response.status} ${sessionState}`, response.ok && isSame && isWhole);
        if (!response.ok) continue;
        state.natives.push(native);
        state.next = nextOf(state.next, text);
      }
      await server.close();
    }
  }
  await fake.close();
}

function nextOf(next: SaidConversation['next'], text: string): SaidConversation['next'] {
  if (!('messages' in next)) return { ...next, message: 'And then?' };
  const { content } = text.startsWith('{')
    ? readCompletion(JSON.parse(text))
    : collectChunks(parseFrames(text).frames);
  const messages = next.messages as readonly object[];
  return {
    ...next,
    messages: [...messages, { role: 'assistant', content }, { role: 'user', content: 'And then?' }],
  };
}

function report(line: string, isGood: boolean): void {
  isBad ||= !isGood;
  process.stdout.write(`${isGood ? 'good' : 'BAD '}  ${line}\n`);
}
