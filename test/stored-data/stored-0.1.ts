// What release 0.1 left in its stores, as if it had been left there just now: all times are moved by as much as has
// passed since the data were made, or it would all have expired.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { createClient } from '@redis/client';
import type { Said } from './said.ts';

const folder = join(import.meta.dirname, '0.1');

export function readSaid(kind: 'sqlite' | 'redis'): Said {
  return JSON.parse(readFileSync(join(folder, `${kind}-said.json`), 'utf8')) as Said;
}

/** Writes the file. */
export function fillSqlite(path: string): Said {
  const said = readSaid('sqlite');
  const passedMs = Date.now() - said.madeAtMs;
  writeFileSync(path, gunzipSync(readFileSync(join(folder, 'sessions.db.gz'))), { mode: 0o600 });
  const database = new DatabaseSync(path);
  const columns = database
    .prepare(
      `SELECT tables.name AS name, columns.name AS field FROM sqlite_schema AS tables, pragma_table_info(tables.name)
       AS columns WHERE tables.type = 'table' AND columns.name IN ('created_ms', 'updated_ms', 'expires_ms')`,
    )
    .all();
  for (const { name, field } of columns)
    database.exec(`UPDATE ${name} SET ${field} = ${field} + ${passedMs}`);
  database.close();
  return said;
}

type Word = string | { readonly base64: string };

/** Fills a Redis that is empty. */
export async function fillRedis(url: string): Promise<Said> {
  const said = readSaid('redis');
  const passedMs = Date.now() - said.madeAtMs;
  const lines = readFileSync(join(folder, 'redis.jsonl'), 'utf8').trimEnd().split('\n');
  const commands = lines.map(line =>
    (JSON.parse(line) as Word[]).map(word =>
      typeof word === 'string' ? word : Buffer.from(word.base64, 'base64'),
    ),
  );
  const client = await createClient({ url, RESP: 2 }).connect();
  const isExpiry = ([name]: readonly unknown[]) => name === 'PEXPIREAT';
  await Promise.all(
    commands.filter(command => !isExpiry(command)).map(command => client.sendCommand(command)),
  );
  await client.sendCommand(['EVAL', moveTimes, '0', String(passedMs)]);
  await Promise.all(
    commands
      .filter(isExpiry)
      .map(([, key = '', at]) => client.sendCommand(['PEXPIREAT', key, String(Number(at) + passedMs)])),
  );
  client.destroy();
  return said;
}

/** The times within values, as 0.1 writes them. */
const moveTimes = `
local passed = tonumber(ARGV[1])
local function moved(ms) return string.format('%.0f', tonumber(ms) + passed) end
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = string.sub(key, -2)
  local isHash = redis.call('TYPE', key).ok == 'hash'
  local fields = isHash and redis.call('HGETALL', key) or {}
  for at = 1, #fields, 2 do
    local name, value = fields[at], fields[at + 1]
    local start = string.sub(name, 1, 2)
    local new
    if kind == ':x' or name == 'until' or (kind == ':f' and name == 'z') then new = moved(value) end
    if kind == ':b' then new = string.gsub(value, '^%d+', moved) end
    if kind == ':f' and (start == 's:' or start == 'k:') then
      local record = cmsgpack.unpack(value)
      for _, field in ipairs(start == 's:' and { 'c', 'u', 'e' } or { 'x' }) do
        record[field] = record[field] + passed
      end
      new = cmsgpack.pack(record)
    end
    if new then redis.call('HSET', key, name, new) end
  end
end
`;
