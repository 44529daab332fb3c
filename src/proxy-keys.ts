// The proxy's own keys: who may use it, and which owner each key stands for.
//
//   # one key a line: name, then spaces, tabs or one comma, then the key
//   alice  V7xq2m…
//   alice, h81Lpz…      a second key of the same owner, to change keys without a gap
//
// A `#` at the start of a line or after a space begins a comment. No problem ever quotes a line: it may be a key.

export interface ProxyKey {
  /** The owner; several keys may carry the same name. */
  readonly name: string;
  readonly key: string;
}

export interface ParsedProxyKeys {
  readonly keys: readonly ProxyKey[];
  readonly problems: readonly string[];
}

/** Whose what is said to the simulator is: no key may have that name, so that Cohere is never told of it. */
export const offlineName = 'offline';

const minKeyLength = 16;
const maxKeyLength = 512;
/** Each request is compared with all of them: with so many that takes a few milliseconds. */
export const maxProxyKeys = 10_000;
/** More of them help nobody, and would fill the log. */
const maxProblems = 20;
const line = /^(?<name>[^\s,]+)(?:\s*,\s*|\s+)(?<key>\S+)$/;

export function parseProxyKeys(text: string): ParsedProxyKeys {
  const keys: ProxyKey[] = [];
  const problems: string[] = [];
  const lineOfKey = new Map<string, number>();

  let number = 0;
  for (const raw of text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n')) {
    number += 1;
    if (raw === '') continue;
    const comment = raw.search(/(?:^|\s)#/);
    const content = (comment === -1 ? raw : raw.slice(0, comment)).trim();
    if (content === '') continue;
    if (problems.length === maxProblems) {
      problems.push(`line ${number} and those after it were not looked at`);
      break;
    }

    const { name, key } = line.exec(content)?.groups ?? {};
    if (name === undefined || key === undefined) {
      problems.push(`line ${number}: must be a name, a space or a comma, and a key`);
      continue;
    }
    const problem = proxyKeyProblem({ name, key });
    const sameKeyLine = lineOfKey.get(key);
    if (problem !== undefined) problems.push(`line ${number}: ${problem}`);
    else if (sameKeyLine !== undefined)
      problems.push(`line ${number}: holds the same key as line ${sameKeyLine}`);
    else if (keys.length === maxProxyKeys) {
      problems.push(`holds more than ${maxProxyKeys} keys`);
      break;
    } else {
      lineOfKey.set(key, number);
      keys.push({ name, key });
    }
  }
  if (keys.length === 0 && problems.length === 0) problems.push('holds no key');
  return { keys, problems };
}

/** What is wrong with one key, wherever it came from. */
export function proxyKeyProblem({ name, key }: ProxyKey): string | undefined {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) {
    return 'the name must be 1 to 64 letters, digits, dots, hyphens or underscores';
  }
  if (name === offlineName) return `the name must not be ${offlineName}, which stands for the offline Cohere`;
  if (key.length < minKeyLength || key.length > maxKeyLength) {
    return `the key must have ${minKeyLength} to ${maxKeyLength} characters`;
  }
  if (!isKeyText(key)) return 'the key must be visible ASCII characters without spaces';
  return undefined;
}

/** What can stand in an Authorization header as a bearer key: visible ASCII, so no space and no line break. */
function isKeyText(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}
