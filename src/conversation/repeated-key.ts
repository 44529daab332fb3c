// How requests are refused whose `Idempotency-Key` came before.
import { ProxyError } from './errors.ts';

export function keyReused(): ProxyError {
  return new ProxyError('idempotency_key_reused', 'This Idempotency-Key was used for another request.', {
    param: 'Idempotency-Key',
  });
}

export function keyInUse(): ProxyError {
  return new ProxyError(
    'idempotency_key_in_use',
    'The first request with this Idempotency-Key is still running. Its answer can be had when it is done.',
    { param: 'Idempotency-Key' },
  );
}
