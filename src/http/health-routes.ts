// GET /health: the process answers. GET /ready: it can do its work. Neither asks Cohere or needs a key;
// what Cohere said last of the proxy's own key is shown, and changes no status: another key is no work for who restarts
// or routes.
import { ProxyError } from '../conversation/errors.ts';
import type { App } from './app.ts';

export interface HealthRoutesOptions {
  /** Rejects while the store does not work. */
  readonly checkStore: () => Promise<void>;
  /** What Cohere says of the proxy's own key. */
  readonly cohereKey: () => 'accepted' | 'refused' | 'unchecked';
}

export function addHealthRoutes(app: App, { checkStore, cohereKey }: HealthRoutesOptions): void {
  const config = { isPublic: true };
  app.get('/health', { config }, async (_request, reply) => reply.send({ status: 'ok' }));
  app.get('/ready', { config }, async (_request, reply) => {
    try {
      await checkStore();
    } catch (cause) {
      const isFull = cause instanceof ProxyError && cause.code === 'store_full';
      throw new ProxyError(
        'store_unavailable',
        isFull ? cause.message : 'The session store does not answer.',
        { cause },
      );
    }
    return reply.send({ status: 'ok', cohere_key: cohereKey() });
  });
  // Some clients look whether anybody is there before they ask (`HEAD /`).
  app.get('/', { config }, async (_request, reply) => reply.send({ name: 'cohere-proxy', status: 'ok' }));
}
