// Passwords and TLS, by real servers.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { demandRedis, hasRedis, startWatched } from '../../support/redis-server.ts';
import { key } from '../record-turn.ts';
import { beginRedis, fill, messagesOf, openRecords } from './begin.ts';

demandRedis('logins to Redis');

const maker = 'openssl';
const hasMaker = spawnSync(maker, ['version'], { stdio: 'ignore' }).status === 0;

describe.runIf(hasRedis)('logins', () => {
  test('with a password that needs encoding', async () => {
    const server = await beginRedis({ password: 'a:b/c%d' });
    const records = await openRecords(server.url);
    await fill(records, key());
    expect(await messagesOf(records, key())).toEqual(['"1"']);
  });

  test('sentinels that want none, servers that do', async () => {
    const watched = await startWatched({ password: 'secret' });
    onTestFinished(() => watched.stop());
    const records = await openRecords(watched.url.replace('://', '://:secret@'));
    await fill(records, key());
    expect(await messagesOf(records, key())).toEqual(['"1"']);
  });

  test.runIf(hasMaker)('TLS: a certificate that is trusted is used, one that is not is refused', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cohere-proxy-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const [cert, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
    const named = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', cert];
    expect(spawnSync(maker, [...made, ...named], { stdio: 'ignore' }).status).toBe(0);
    const server = await beginRedis({ tls: { cert, key: keyFile }, password: 'secret' });
    await expect(openRecords(server.url)).rejects.toThrow(/certificate/);
    const trusted = getCACertificates();
    onTestFinished(() => setDefaultCACertificates(trusted));
    setDefaultCACertificates([...trusted, readFileSync(cert, 'utf8')]);
    const records = await openRecords(server.url);
    await fill(records, key());
    expect(await messagesOf(records, key())).toEqual(['"1"']);
  });
});
