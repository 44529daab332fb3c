// Our own examples of the wire, with invented content: one per situation, most of them whole (.json) and streamed
// (.sse) with the same meaning.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(import.meta.dirname, '../fixtures/cohere');

/** @param name with its extension: `plain.sse`, `errors/503.html` */
export function fixture(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

/** The names of all with this extension, without it; errors are in a folder of their own. */
export function fixtureNames(extension: 'json' | 'sse'): string[] {
  return readdirSync(folder)
    .filter(file => file.endsWith(`.${extension}`))
    .map(file => file.slice(0, -extension.length - 1))
    .sort();
}
