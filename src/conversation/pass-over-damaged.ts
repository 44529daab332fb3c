import { ProxyError } from './errors.ts';

/** For who looks among many sessions: one that is damaged is as good as not there. */
export function passOverDamaged(error: unknown): { readonly status: 'missing' } {
  if (error instanceof ProxyError && error.code === 'store_corrupt') return { status: 'missing' };
  throw error;
}
