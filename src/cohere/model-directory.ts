// What Cohere's list of models says, kept for a while, with the built-in table where it says nothing. What is
// configured goes before both.
import { hash } from 'node:crypto';
import type { Feature, ModelInfo } from '../turn/model.ts';
import { knownModels } from './known-models.ts';

export interface ModelDirectoryOptions {
  readonly fetchPage: (path: string, apiKey: string | undefined, signal: AbortSignal) => Promise<unknown>;
  readonly limits: { readonly modelsCacheMs: number; readonly modelsTimeoutMs: number };
  readonly now: () => number;
  /** Tokens by the name of a model. */
  readonly contexts?: Readonly<Record<string, number>> | undefined;
}

interface Listing {
  readonly models: ReadonlyMap<string, ModelInfo>;
  readonly staleAtMs: number;
}

// Keys may see different models (fine-tuned ones), so lists are kept by key; more keys than this share nothing.
const maxListings = 100;
// The default page is 20 long and was seen without a token for the next: always ask for the longest.
const path = '/v1/models?page_size=1000';
const maxPages = 10;

export class ModelDirectory {
  readonly #options: ModelDirectoryOptions;
  /** A map, since names come from clients: an object also has what it inherits. */
  readonly #contexts: ReadonlyMap<string, number>;
  readonly #listings = new Map<string, Listing>();
  readonly #running = new Map<string, Promise<Listing>>();

  constructor(options: ModelDirectoryOptions) {
    this.#options = options;
    this.#contexts = new Map(Object.entries(options.contexts ?? {}));
  }

  /** Undefined for an unknown name. A known one never waits for the network: the list is renewed beside it. */
  async lookup(name: string, apiKey: string | undefined): Promise<ModelInfo | undefined> {
    return this.#withContext(name, await this.#find(name, apiKey));
  }

  async #find(name: string, apiKey: string | undefined): Promise<ModelInfo | undefined> {
    const listing = this.#listings.get(listingKey(apiKey));
    if (listing && listing.staleAtMs > this.#options.now())
      return listing.models.get(name) ?? knownModels.get(name);
    const fresh = this.#refresh(apiKey);
    const known = listing?.models.get(name) ?? knownModels.get(name);
    return known ?? (await fresh).models.get(name);
  }

  /** All models that chat, in the list's order; the built-in ones where Cohere cannot be asked. */
  async list(apiKey: string | undefined): Promise<readonly ModelInfo[]> {
    const listing = this.#listings.get(listingKey(apiKey));
    const { models } =
      listing && listing.staleAtMs > this.#options.now() ? listing : await this.#refresh(apiKey);
    return [...models.values()]
      .filter(model => model.chat)
      .map(model => this.#withContext(model.name, model) ?? model);
  }

  #withContext(name: string, info: ModelInfo | undefined): ModelInfo | undefined {
    const contextLength = this.#contexts.get(name);
    return contextLength === undefined ? info : { name, chat: true, ...info, contextLength };
  }

  #refresh(apiKey: string | undefined): Promise<Listing> {
    const key = listingKey(apiKey);
    let running = this.#running.get(key);
    if (!running) {
      running = this.#fetch(apiKey).then(models => {
        const listing = { models, staleAtMs: this.#options.now() + this.#options.limits.modelsCacheMs };
        this.#listings.delete(key);
        this.#listings.set(key, listing);
        for (const oldest of this.#listings.keys()) {
          if (this.#listings.size <= maxListings) break;
          this.#listings.delete(oldest);
        }
        this.#running.delete(key);
        return listing;
      });
      this.#running.set(key, running);
    }
    return running;
  }

  /** Never rejects: a list that cannot be had is the last one, or the built-in one, until the next try. */
  async #fetch(apiKey: string | undefined): Promise<ReadonlyMap<string, ModelInfo>> {
    const models = new Map<string, ModelInfo>();
    const signal = AbortSignal.timeout(this.#options.limits.modelsTimeoutMs);
    let token = '';
    try {
      for (let page = 0; page < maxPages; page += 1) {
        const read = readPage(await this.#options.fetchPage(path + token, apiKey, signal));
        for (const model of read.models) models.set(model.name, model);
        if (read.nextToken === undefined) break;
        token = `&page_token=${encodeURIComponent(read.nextToken)}`;
      }
    } catch {
      // No key, no network, an odd answer: chatting may still work, and says better what is wrong.
    }
    return models.size > 0 ? models : (this.#listings.get(listingKey(apiKey))?.models ?? knownModels);
  }
}

function listingKey(apiKey: string | undefined): string {
  return apiKey === undefined ? '' : hash('sha256', apiKey, 'base64');
}

/** Reads leniently: unknown keys occur, `features` may be null. @throws where it is no list of models. */
function readPage(body: unknown): { models: ModelInfo[]; nextToken: string | undefined } {
  const { models, next_page_token } = body as { models: unknown; next_page_token?: unknown };
  if (!Array.isArray(models)) throw new TypeError('no list of models');
  const read = models.flatMap((model: unknown) => readModel(model) ?? []);
  const nextToken =
    typeof next_page_token === 'string' && next_page_token !== '' ? next_page_token : undefined;
  return { models: read, nextToken };
}

function readModel(body: unknown): ModelInfo | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { name, endpoints, context_length, features, tokenizer_url } = body as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') return undefined;
  const known = knownModels.get(name);
  const contextLength =
    Number.isSafeInteger(context_length) && Number(context_length) > 0
      ? Number(context_length)
      : known?.contextLength;
  const listed = Array.isArray(features) ? new Set(features as Feature[]) : known?.features;
  return {
    name,
    chat: Array.isArray(endpoints) ? endpoints.includes('chat') : (known?.chat ?? true),
    ...(contextLength === undefined ? {} : { contextLength }),
    ...(known?.maxOutputTokens === undefined ? {} : { maxOutputTokens: known.maxOutputTokens }),
    ...(listed ? { features: listed } : {}),
    ...(typeof tokenizer_url === 'string' && tokenizer_url !== '' ? { tokenizerUrl: tokenizer_url } : {}),
  };
}
