// class CohereProxyServer: wires the rooms together. The only file that knows everybody.
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { proxyKeysProblem } from './check-value.ts';
import { CohereClient, type KeyState } from './cohere/client.ts';
import { describePrompt } from './cohere/format-request.ts';
import { OwnKey } from './cohere/own-key.ts';
import { type CohereProxyOptions, type Config, ConfigError, resolveConfig } from './config.ts';
import { ProxyError } from './conversation/errors.ts';
import { expandHome } from './data-dir.ts';
import { AcceptedKeys } from './http/accepted-keys.ts';
import { type App, createApp } from './http/app.ts';
import { addHealthRoutes } from './http/health-routes.ts';
import { KeyRing } from './http/key-ring.ts';
import { createOwnerResolver } from './http/owner.ts';
import { RunningRequests } from './http/running-requests.ts';
import { makeCallId, makeId } from './ids.ts';
import { type KeptCalibration, keepCalibration } from './keep-calibration.ts';
import { loggerOptions } from './log.ts';
import { OfflineCohere } from './offline-cohere.ts';
import { checkArguments } from './openai-chat/check-arguments.ts';
import { addModelRoutes } from './openai-chat/model-routes.ts';
import { readMessages } from './openai-chat/read-messages.ts';
import { addChatRoutes } from './openai-chat/routes.ts';
import { writeMessage } from './openai-chat/write-message.ts';
import type { ProxyKey } from './proxy-keys.ts';
import { createSeal } from './seal.ts';
import { loadSecret } from './secret.ts';
import { addSessionRoutes } from './sessions/routes.ts';
import { openStore } from './store/open-store.ts';
import type { SessionStore } from './store/session-store.ts';
import { StoreStartError } from './store/store-start-error.ts';
import { inSlices } from './streams/slices.ts';
import { EncoderChoice } from './tokens/encoder-choice.ts';
import { TokenMeter } from './tokens/meter.ts';
import { anchorsLeftBy } from './turn/anchors-left.ts';
import { KnownTools } from './turn/known-tools.ts';
import { LatestAttempts } from './turn/latest-attempts.ts';
import { Leases } from './turn/leases.ts';
import type { ModelInfo, Prompt } from './turn/model.ts';
import { openCarried } from './turn/native-messages.ts';
import { RefusedImages } from './turn/refused-images.ts';
import { SessionGate } from './turn/session-gate.ts';

/**
 * An OpenAI-compatible server in front of Cohere that remembers the conversation.
 *
 * ```ts
 * const server = new CohereProxyServer({ cohereApiKey: process.env.COHERE_API_KEY });
 * const { url } = await server.listen(); // http://127.0.0.1:8080
 * ```
 */
export class CohereProxyServer {
  readonly config: Config;
  readonly #running = new RunningRequests();
  readonly #keys: KeyRing;
  #app: App | undefined;
  #cohere: CohereClient | undefined;
  #ownKey: OwnKey | undefined;
  #store: SessionStore | undefined;
  #calibration: KeptCalibration | undefined;
  #offline: OfflineCohere | undefined;
  readonly #stopping = new AbortController();
  #isListening = false;
  #isDraining = false;
  #closing: Promise<void> | undefined;

  /** @throws ConfigError with all that is wrong. */
  constructor(options: CohereProxyOptions = {}) {
    this.config = resolveConfig(options);
    this.#keys = new KeyRing(this.config.proxyKeys ?? []);
  }

  /**
   * From the next request on these keys are good in place of those before; what is running goes on.
   * @throws ConfigError where the proxy was not started with proxy keys, or one is no good: then the old ones stay.
   */
  useProxyKeys(proxyKeys: readonly ProxyKey[]): void {
    const { ownerMode } = this.config;
    if (ownerMode !== 'keys')
      throw new ConfigError([{ option: 'proxyKeys', text: 'must be given from the start to be replaced' }]);
    const text = proxyKeysProblem(proxyKeys);
    if (text !== undefined) throw new ConfigError([{ option: 'proxyKeys', text }]);
    this.#keys.replace(proxyKeys);
  }

  /** What Cohere says of the proxy's own key; `unchecked` too where it has none, or calls nobody. */
  get cohereKey(): KeyState {
    return this.#ownKey?.state ?? 'unchecked';
  }

  /** A line in the log; nothing before `listen()`. */
  log(level: 'info' | 'warn' | 'error', message: string): void {
    this.#app?.log[level](message);
  }

  /** Starts to serve. The base URL for OpenAI clients is `url` + `/v1`. */
  async listen(): Promise<{ readonly url: string }> {
    if (this.#isListening) throw new Error('listen() was called before');
    this.#isListening = true;
    const { config } = this;
    const encoders = new EncoderChoice({
      fetches: config.tokenizer === 'auto',
      signal: this.#stopping.signal,
      now: Date.now,
      onProblem: problem => this.#app?.log.warn(problem),
      onFetched: model => this.#app?.log.info({ model }, 'the tokenizer that Cohere names is in use'),
    });
    const meter = new TokenMeter(model => encoders.encoderFor(model));
    if (config.offline) {
      this.#offline = await OfflineCohere.start(error =>
        this.#app?.log.error({ err: error }, 'the offline Cohere ended, and is started again'),
      );
    }
    const resolveOwner = createOwnerResolver(config, this.#keys, () => loadSecret(config.dataDir));
    const gate = new SessionGate(config.limits);
    const leases = new Leases();
    const now = Date.now;
    this.#store = await this.#openStore(now);
    const usesClientKeys = config.ownerMode === 'passthrough';
    const keys = new AcceptedKeys({ check: key => cohere.checkKey(key), limits: config.limits, now });
    const cohere = new CohereClient({
      baseUrl: this.#offline?.url ?? config.cohereBaseUrl,
      usesClientKeys,
      onKey: (key, state) => {
        if (!usesClientKeys) this.#ownKey?.hear(state);
        else if (state === 'accepted') keys.accept(key);
        else keys.refuse(key);
      },
      limits: config.limits,
      now,
      contexts: config.contexts,
    });
    this.#cohere = cohere;
    const { cohereApiKey } = config;
    if (cohereApiKey !== undefined && !config.offline)
      this.#ownKey = new OwnKey({ apiKey: cohereApiKey, cohere, onState: state => this.#tellOfKey(state) });
    const app = createApp({
      config,
      resolveOwner,
      makeId,
      logger: loggerOptions(config.logLevel),
      isDraining: () => this.#isDraining,
    });
    this.#app = app;
    const turns = {
      model: cohere,
      meter: {
        measure: (prompt: Prompt, info: ModelInfo | undefined) => {
          encoders.want(prompt.model, info?.tokenizerUrl);
          return meter.measure(describePrompt(prompt, info), prompt.messages);
        },
      },
      store: this.#store,
      gate,
      leases,
      attempts: new LatestAttempts(),
      tools: new KnownTools(),
      refusedImages: new RefusedImages(now),
      seal: createSeal(() => this.#sealSecret()),
      defaultModel: config.model,
      limits: config.limits,
      makeId,
      makeCallId,
      now,
      log: app.log,
    };
    addChatRoutes(app, {
      turns,
      running: this.#running,
      limits: config.limits,
      labelHeaders: config.labelHeaders,
    });
    addModelRoutes(app, cohere);
    addSessionRoutes(app, {
      store: this.#store,
      // With a key of the proxy's own it is not the client's that Cohere sees.
      checkWriter: usesClientKeys ? caller => keys.checkWriter(caller) : async () => {},
      running: this.#running,
      leases,
      limits: config.limits,
      defaultModel: config.model,
      writeMessage,
      // Answers that other proxies without a store gave out are opened, where they are ours.
      readMessages: async (messages, space) => {
        await inSlices(checkArguments({ messages }, config.limits));
        return openCarried(readMessages(messages), space, turns.seal, false);
      },
      anchorsLeftBy,
      makeId,
      now,
    });
    addHealthRoutes(app, { checkStore: async () => this.#store?.check(), cohereKey: () => this.cohereKey });
    this.#calibration = keepCalibration(meter.calibration, {
      store: this.#store,
      // What the simulator counts says nothing about Cohere.
      noteName: config.offline ? 'calibration-offline' : 'calibration',
      log: app.log,
    });
    await Promise.all([
      this.#loadVocabulary(encoders, meter, app),
      this.#calibration.restored,
      this.#ownKey && Promise.race([this.#ownKey.check(), sleep(startWaitMs)]),
    ]);
    try {
      await app.listen({ host: config.host, port: config.port });
    } catch (error) {
      await this.close();
      throw error;
    }
    const { port } = app.server.address() as AddressInfo;
    const host = config.host.includes(':') ? `[${config.host}]` : config.host;
    return { url: `http://${host}:${port}` };
  }

  #tellOfKey(state: KeyState): void {
    if (state === 'accepted') this.log('info', 'Cohere accepts the key of the proxy');
    else
      this.log(
        'error',
        'Cohere refuses the key of the proxy: every turn will fail until COHERE_API_KEY is another one, or that one is good again',
      );
  }

  async #openStore(now: () => number): Promise<SessionStore | undefined> {
    const { store, sessionStoreOptional, ownerMode } = this.config;
    // One owner alone has all the room there is.
    const alone = { ownerSessions: Number.POSITIVE_INFINITY, ownerStoredBytes: Number.POSITIVE_INFINITY };
    const limits = { ...this.config.limits, ...(ownerMode === 'local' ? alone : {}) };
    const choice = store.kind === 'sqlite' ? { ...store, path: expandHome(store.path) } : store;
    try {
      return await openStore(choice, {
        limits,
        now,
        isOptional: sessionStoreOptional,
        onProblem: ({ message, ...problem }) => this.#app?.log.warn(problem, message),
      });
    } catch (error) {
      if (!(error instanceof StoreStartError)) throw error;
      throw new ConfigError([{ option: 'sessionStore', text: error.message }]);
    }
  }

  /** Only asked for where answers are carried. Without a place to keep it they can be opened until the next start. */
  #sealSecret(): string {
    try {
      return this.config.proxySecret ?? loadSecret(this.config.dataDir);
    } catch (error) {
      this.#app?.log.warn({ err: error }, 'answers that clients carry can be read until the next start only');
      return randomBytes(32).toString('hex');
    }
  }

  /** A prepared vocabulary is there at once; where it is made first, tokens are estimated meanwhile, with a margin. */
  async #loadVocabulary(encoders: EncoderChoice, meter: TokenMeter, app: App): Promise<void> {
    const { tokenizer } = this.config;
    if (tokenizer === 'none') {
      app.log.info('tokens are estimated, with a margin, as configured');
      return;
    }
    const until = tokenizer === 'auto' ? " until Cohere's list names a tokenizer that can be fetched" : '';
    const loading = encoders.loadPackage().then(
      async encoder => {
        if (encoder) {
          meter.use(encoder);
          await this.#offline?.useVocabulary();
        } else app.log.warn(`no vocabulary is installed: tokens are estimated, with a margin${until}`);
      },
      () => {},
    );
    await Promise.race([loading, sleep(startWaitMs)]);
  }

  /** New requests are sent away; running turns have `shutdownMs` to end; the store is closed last. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isDraining = true;
    this.#stopping.abort();
    const app = this.#app;
    // No new connections; on those that are open, requests are told to come again.
    app?.server.close();
    await this.#running.drain(
      this.config.limits.shutdownMs,
      new ProxyError('shutting_down', 'The proxy is stopping.'),
    );
    // What is left has no turn running: idle connections, and requests that have not come as a whole.
    app?.server.closeAllConnections();
    await app?.close();
    this.#ownKey?.close();
    await this.#cohere?.close();
    await this.#calibration?.close();
    await this.#store?.close();
    await this.#offline?.close();
  }
}

/** For what may as well come later. */
const startWaitMs = 500;
