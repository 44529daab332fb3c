// The recorded traffic lies beside the repository, not in it. Where it is missing, the suites that need it are
// skipped and say so; in CI that is a failure.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const folder = resolve(import.meta.dirname, '../../../shared/reference');

export interface Recording {
  readonly id: string;
  readonly category: string;
  readonly features: readonly string[];
  readonly api: { readonly method: string; readonly path: string };
  readonly model: string | null;
  readonly conversation: { readonly id: string; readonly step: number } | null;
  readonly request: { readonly body: Readonly<Record<string, unknown>> | null };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** A JSON answer; null for a stream. */
    readonly body: unknown;
    /** The exact text of a JSON answer, where it was kept. */
    readonly raw?: string | null;
    /** The exact text of a stream. */
    readonly sse?: string | null;
  };
}

export interface ClientRequest {
  /** File name and position, e.g. `roo-code_variants #3 image`. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

export const hasReference = existsSync(folder);

/** For each suite that needs the recordings: one line where they are missing, a failing test if that is in CI. */
export function demandReference(what: string): void {
  if (hasReference) return;
  process.stdout.write(`${what}: skipped, the reference folder is not there\n`);
  it.runIf(process.env.CI)(`${what} ran`, () => {
    expect.fail(`${what} were not replayed`);
  });
}

/** The path of a file of the reference, whether it exists or not. */
export function referencePath(name: string): string {
  return join(folder, name);
}

/** The text as the wire had it; where only the value was kept, as JSON. */
export function responseText({ response }: Recording): string {
  return response.sse ?? response.raw ?? JSON.stringify(response.body);
}

export function recordings(): Recording[] {
  return readFolder('recordings').map(({ content }) => content as Recording);
}

export function clientRequests(): ClientRequest[] {
  return readFolder('client-requests').flatMap(({ name, content }) => {
    const { requests } = content as {
      requests: readonly (Omit<ClientRequest, 'name'> & { step?: string })[];
    };
    return requests.map((request, index) => ({
      ...request,
      name: [name, `#${index + 1}`, request.step].filter(part => part !== undefined).join(' '),
    }));
  });
}

function readFolder(name: string): { name: string; content: unknown }[] {
  if (!hasReference) return [];
  return readdirSync(join(folder, name))
    .filter(file => file.endsWith('.json'))
    .sort()
    .map(file => ({
      name: file.replace('.json', ''),
      content: JSON.parse(readFileSync(join(folder, name, file), 'utf8')),
    }));
}
