import { isIPv4 } from 'node:net';

/**
 * Whether a name, as one binds to it or as it stands in a Host header (without port), can only mean this machine.
 * Strict on purpose: `localhost.`, `x.localhost`, `127.1` and `0.0.0.0` are not on the list, since what they mean
 * depends on who resolves them.
 */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase();
  return (
    name === 'localhost' || name === '::1' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'))
  );
}
