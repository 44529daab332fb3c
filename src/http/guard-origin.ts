// Who may speak to a proxy on this machine from a browser on this machine: nobody, unless it is on a list.
// A page can send requests to localhost (Origin tells), or let its own name point to 127.0.0.1 (Host tells).
//
// Bound beyond loopback with an empty list of hosts, any Host passes, since the proxy cannot know its names. Then a
// page can make itself same-origin, but not authorised: a proxy bound so asks every request for a key.
import { ProxyError } from '../conversation/errors.ts';
import { isLoopbackHost } from './loopback.ts';

export interface GuardOptions {
  /** The address that the proxy is bound to. */
  readonly host: string;
  /** In lower case, `name` for any port or `name:port`. */
  readonly allowedHosts: readonly string[];
  /** As browsers write them. */
  readonly allowedOrigins: readonly string[];
}

/** Takes every Host header of the request (`headersDistinct`); returns the one, in lower case. */
export function checkHost(hosts: readonly string[] | undefined, options: GuardOptions): string {
  const [host = '', ...others] = hosts ?? [];
  if (others.length === 0 && isAllowedHost(host.toLowerCase(), options)) return host.toLowerCase();
  throw new ProxyError(
    'host_not_allowed',
    'The proxy does not answer under this host name. Use localhost, or start it with --allowed-hosts.',
  );
}

function isAllowedHost(host: string, { host: boundTo, allowedHosts }: GuardOptions): boolean {
  if (allowedHosts.length === 0 && !isLoopbackHost(boundTo)) return true;
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(host)?.[1];
  if (!name) return false;
  return isLoopbackHost(name) || allowedHosts.includes(name) || allowedHosts.includes(host);
}

/** Takes the Origin header, and the Host that `checkHost` has accepted. */
export function checkOrigin(origin: string | undefined, acceptedHost: string, options: GuardOptions): void {
  if (origin === undefined) return;
  const lower = origin.toLowerCase();
  if (options.allowedOrigins.includes(lower)) return;
  if (acceptedHost !== '' && (lower === `http://${acceptedHost}` || lower === `https://${acceptedHost}`))
    return;
  throw new ProxyError(
    'origin_not_allowed',
    'Web pages of this origin may not use the proxy. Allow them with --allowed-origins.',
  );
}
