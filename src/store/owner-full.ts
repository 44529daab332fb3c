import { ProxyError } from '../conversation/errors.ts';

/** Said by every store in the same words. */
export function ownerFull(): ProxyError {
  return new ProxyError(
    'store_full',
    'Your sessions have reached the limit of what is kept for you. Delete some of them, or wait until some expire.',
  );
}
