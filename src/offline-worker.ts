// The thread of the offline Cohere (`offline-cohere.ts`). It counts as the proxy does, so that what it says about sizes
// is what the real one would say.
import { parentPort, workerData } from 'node:worker_threads';
import { startSimulator } from './simulator/server.ts';
import { type CohereChatRequest, TokenMeter } from './tokens/meter.ts';
import { loadEncoder } from './tokens/vocabulary.ts';

export interface OfflineSettings {
  /** 0: any free one. */
  readonly port: number;
}

/** To it: the vocabulary was prepared. From it: where it listens, and that it counts with that vocabulary now. */
export type OfflineOrder = 'use-vocabulary';
export type OfflineReport = { readonly url: string } | 'uses-vocabulary';

const report = (said: OfflineReport) => parentPort?.postMessage(said);

if (parentPort) {
  const meter = new TokenMeter();
  parentPort.on('message', (_order: OfflineOrder) => {
    void loadEncoder().then(encoder => {
      if (encoder) meter.use(encoder);
      report('uses-vocabulary');
    });
  });
  const { port } = workerData as OfflineSettings;
  const { url } = await startSimulator({
    port,
    // Offline there is no key; the simulator wants one all the same, as Cohere does.
    requireKey: false,
    countPrompt: request => {
      const counted = meter.countRequest(request as unknown as CohereChatRequest);
      return counted && { input: counted.tokens, overhead: counted.overhead, messages: counted.messages };
    },
  });
  report({ url });
}
