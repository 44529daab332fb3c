// The proxy under test, in a process of its own. Arguments: the upstream's port, the log level, how many sessions the
// store holds (and how many answers it can repeat, and how many ended sessions it knows).
import { CohereProxyServer } from '../src/index.ts';
import { announce } from './child.ts';

const [upstreamPort, logLevel, sessions] = process.argv.slice(2);
const size = Number(sessions);
const server = new CohereProxyServer({
  port: 0,
  cohereApiKey: 'bench',
  cohereBaseUrl: `http://127.0.0.1:${upstreamPort}`,
  logLevel,
  limits: { sessions: size, idempotencyRecords: size, tombstones: size },
});
const { url } = await server.listen();
announce(Number(new URL(url).port));
