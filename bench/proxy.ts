// The proxy under test, in a process of its own. Arguments: the upstream's port, the log level, how many sessions the
// store holds (and how many answers it can repeat, and how many ended sessions it knows), and which store.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CohereProxyServer } from '../src/index.ts';
import { announce } from './child.ts';

const [upstreamPort, logLevel, sessions, store] = process.argv.slice(2);
const size = Number(sessions);
const directory = mkdtempSync(join(tmpdir(), 'bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const server = new CohereProxyServer({
  sessionStore: store === 'sqlite' ? `sqlite:${join(directory, 'sessions.db')}` : 'memory:',
  port: 0,
  cohereApiKey: 'bench',
  cohereBaseUrl: `http://127.0.0.1:${upstreamPort}`,
  logLevel,
  limits: { sessions: size, idempotencyRecords: size, tombstones: size },
});
const { url } = await server.listen();
announce(Number(new URL(url).port));
