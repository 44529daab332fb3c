// What single values must be: the small rules that config.ts is made of. Each says what is wrong, or nothing, and
// takes `unknown`, since options also come from JavaScript.
import { isIP } from 'node:net';
import { isLoopbackHost } from './http/loopback.ts';
import { maxProxyKeys, proxyKeyProblem } from './proxy-keys.ts';

export type Check = (value: unknown) => string | undefined;

export function must(what: string, holds: (value: unknown) => boolean): Check {
  return value => (holds(value) ? undefined : `must ${what}`);
}

export function mustEach(what: string, holds: (entry: unknown) => boolean): Check {
  return value => (Array.isArray(value) && value.every(holds) ? undefined : `must each ${what}`);
}

export function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

/** A name or an address that one can bind to: no port, no scheme; IPv6 with or without brackets. */
export function isHostName(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  return isIP(bareHost(value)) !== 0 || isDnsName(value);
}

/** `[::1]` → `::1`. */
export function bareHost(host: string): string {
  return /^\[(.*)\]$/.exec(host)?.[1] ?? host;
}

function isDnsName(name: string): boolean {
  // All digits and dots would be a misspelt address.
  return name.length <= 253 && !/^[\d.]+$/.test(name) && /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(name);
}

/** `name`, `name:port`, `[::1]:port`: what may stand in a Host header. */
export function isHostEntry(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const { name = '', port = '0' } = /^(?<name>\[.*\]|[^:]*)(?::(?<port>\d{1,5}))?$/.exec(value)?.groups ?? {};
  return isHostName(name) && Number(port) <= 65_535;
}

/** An origin as browsers write it; those of browser extensions and editors have schemes of their own. */
export function isOriginEntry(value: unknown): boolean {
  return (
    typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@*]+\/?$/i.test(value) && URL.canParse(value)
  );
}

/** Lower case, no slash at the end, no default port. */
export function canonicalOrigin(entry: string): string {
  const { origin } = new URL(entry);
  return origin === 'null' ? entry.toLowerCase().replace(/\/$/, '') : origin;
}

export function baseUrlProblem(value: unknown): string | undefined {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (!url || !/^https?:$/.test(url.protocol)) return 'must be an http or https URL';
  if (url.port === '0') return 'must not have port 0';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  // `href`, because `search` and `hash` are empty for a lone `?` or `#`.
  if (/[?#]/.test(url.href)) return 'must not hold a query or a fragment';
  if (/\/v[12]\/*$/.test(url.pathname)) return 'must end before /v1 or /v2, which the proxy adds itself';
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    return 'must be https: with http, keys and messages would cross the network unencrypted';
  }
  return undefined;
}

export function isModelName(value: unknown): boolean {
  return typeof value === 'string' && /^[\x21-\x7e]{1,256}$/.test(value);
}

export function contextsProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return "must be an object with models' names and their tokens";
  }
  const entries = Object.entries(value);
  if (!entries.every(([name]) => isModelName(name)))
    return 'must name each model in visible ASCII characters';
  if (!entries.every(([, tokens]) => isWholeNumber(tokens) && tokens > 0)) {
    return 'must give each model a whole number of tokens from 1 up';
  }
  return undefined;
}

/** Labels are stored and listed: what carries a key must not become one. */
const secretHeaders = new Set(['authorization', 'proxy-authorization', 'cookie', 'api-key', 'x-api-key']);

export function isLabelHeader(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[!#$%&'*+.^_`|~\w-]{1,128}$/.test(value)) return false;
  return !secretHeaders.has(value.toLowerCase());
}

export function proxyKeysProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return 'must hold at least one key';
  if (value.length > maxProxyKeys) return `must hold at most ${maxProxyKeys} keys`;
  const seen = new Set<unknown>();
  for (const [index, entry] of value.entries()) {
    const { name, key } = Object(entry);
    if (typeof name !== 'string' || typeof key !== 'string') return `[${index}]: must be {name, key}`;
    const problem = proxyKeyProblem({ name, key });
    if (problem !== undefined) return `[${index}]: ${problem}`;
    if (seen.has(key)) return `[${index}]: holds the same key as an earlier one`;
    seen.add(key);
  }
  return undefined;
}
