// The stand-in against the real thing: what Cohere took must be taken, what it refused must be refused alike.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { useSimulator } from './ask.ts';

interface Recording {
  readonly id: string;
  readonly api: { readonly path: string };
  readonly request: {
    readonly body: { readonly model: string; readonly messages: { content: string }[] } | null;
  };
  readonly response: { readonly status: number; readonly body: { readonly message: string } | null };
}

const folder = path.resolve(import.meta.dirname, '../../../shared/reference/recordings');

function readRecordings(): readonly Recording[] {
  if (!existsSync(folder)) {
    process.stdout.write('no recordings of Cohere here: the tests that need them are skipped\n');
    return [];
  }
  return readdirSync(folder)
    .filter(name => name.endsWith('.json'))
    .map((name): Recording => JSON.parse(readFileSync(path.join(folder, name), 'utf8')))
    .filter(recording => recording.api.path === '/v2/chat' && recording.request.body !== null);
}

/** The same request to a model that still lives. */
const heirs: Readonly<Record<string, string>> = {
  command: 'command-r-08-2024',
  'command-r': 'command-r-08-2024',
  'command-r-plus': 'command-r-plus-08-2024',
};

/** Taken in 2024 from a model that is gone; since then reported to be refused. The stricter one holds here. */
const noLongerTaken = new Set(['multi-step--tool-result-string-content']);

const recordings = readRecordings();

describe.skipIf(recordings.length === 0)('recorded requests', () => {
  const { ask } = useSimulator();
  const taken = recordings.filter(({ response }) => response.status === 200);
  const refused = recordings.filter(({ response }) => response.status !== 200);

  test.each(taken)('$id is taken', async ({ id, request: { body } }) => {
    const model = body && (heirs[body.model] ?? body.model);
    const reply = await ask({ ...body, model });
    expect(`${reply.status} ${reply.text.slice(0, 200)}`).toMatch(noLongerTaken.has(id) ? /^422 / : /^200 /);
  });

  test.each(refused)('$id is refused', async ({ id, request: { body }, response }) => {
    const reply = await ask(prepare(id, body));
    expect(reply.status).toBe(response.status);
    expect(normalise(reply.message)).toBe(normalise(response.body?.message ?? ''));
  });
});

function prepare(id: string, body: Recording['request']['body']): unknown {
  // Refused for its document while its model lived.
  if (id === 'error--400-document-empty') return { ...body, model: 'command-r-08-2024' };
  if (id !== 'error--400-too-many-tokens') return body;
  // Only the start of its 750,000 characters was kept.
  return { ...body, messages: [{ role: 'user', content: 'word '.repeat(150_000) }] };
}

/** Quotes round field names came later; counts differ from an estimate. */
function normalise(message: string): string {
  return message.replace(/parameter '(\w+)'/, 'parameter $1').replace(/exceeded by \d+/, 'exceeded by N');
}
