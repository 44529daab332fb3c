// Which models there are: the two model endpoints, and the words for those that are not (or no longer) there.
import { knownModels } from '../cohere/known-models.ts';
import type { JsonObject } from './json.ts';
import { badRequest, Refusal } from './refusal.ts';

export type Model = NonNullable<ReturnType<typeof knownModels.get>>;
type Feature = NonNullable<Model['features']> extends ReadonlySet<infer F> ? F : never;

const removedModels: ReadonlyMap<string, string> = new Map([
  ...[
    'command',
    'command-light',
    'command-r',
    'command-r-03-2024',
    'command-r-plus',
    'command-r-plus-04-2024',
  ].map(name => [name, 'September 15, 2025'] as const),
  ...['c4ai-aya-expanse-8b', 'c4ai-aya-vision-8b'].map(name => [name, 'April 4, 2026'] as const),
]);

export function findModel(name: string): Model {
  const model = knownModels.get(name);
  if (model) return model;
  const removedOn = removedModels.get(name);
  throw new Refusal(
    404,
    removedOn === undefined
      ? `model '${name}' not found, make sure the correct model ID was used and that you have access to the model.`
      : `model '${name}' was removed on ${removedOn}. ` +
          'See https://docs.cohere.com/docs/models#command for a list of models you can use instead.',
  );
}

export function supports(model: Model, feature: Feature): boolean {
  return model.features?.has(feature) ?? false;
}

export function describeModel(name: string): JsonObject {
  const model = findModel(name);
  const context = model.contextLength ?? (model.name === 'embed-v4.0' ? 128_000 : 4_096);
  return {
    name: model.name,
    endpoints: endpointsOf(model),
    finetuned: false,
    context_length: context,
    tokenizer_url: `https://storage.googleapis.com/cohere-public/tokenizers/${model.name}.json`,
    features: model.features ? [...model.features] : null,
    default_endpoints: model.name === defaultChatModel ? ['chat', 'generate'] : [],
    ...(supports(model, 'reasoning') && model.name.startsWith('command-')
      ? { sampling_defaults: { temperature: 0.6, p: 0.95 } }
      : {}),
  };
}

const defaultChatModel = 'command-a-03-2025';
const endpoints = new Set([
  'chat',
  'embed',
  'classify',
  'summarize',
  'rerank',
  'rate',
  'generate',
  'transcriptions',
]);
const defaultPageSize = 20;
const maxPageSize = 1_000;

export function listModels(query: URLSearchParams): JsonObject {
  const endpoint = query.get('endpoint');
  if (endpoint !== null && !endpoints.has(endpoint)) {
    throw badRequest(`invalid request: endpoint '${endpoint}' is not a valid endpoint`);
  }
  const defaultOnly = readFlag(query.get('default_only'));
  if (defaultOnly && endpoint === null) {
    throw badRequest('invalid request: default_only is only valid when endpoint is provided');
  }
  const all = [...knownModels.values()]
    .filter(model => endpoint === null || endpointsOf(model).includes(endpoint))
    .filter(model => !defaultOnly || (model.name === defaultChatModel && endpoint === 'chat'))
    .map(model => model.name)
    .sort();
  const askedSize = query.get('page_size');
  const size = askedSize === null ? defaultPageSize : readPageSize(askedSize);
  const start = readPageToken(query.get('page_token'), all.length);
  const end = start + size;
  return {
    models: all.slice(start, end).map(describeModel),
    // Recorded: a first page of the default size ended without a token although there were more models.
    ...(askedSize !== null && end < all.length ? { next_page_token: writePageToken(end) } : {}),
  };
}

function endpointsOf(model: Model): readonly string[] {
  if (model.chat) return ['chat'];
  if (model.name.startsWith('embed-')) return ['embed'];
  return model.name.startsWith('rerank-') ? ['rerank'] : ['transcriptions'];
}

function readFlag(value: string | null): boolean {
  if (value === null || value === 'false') return false;
  if (value === 'true') return true;
  throw badRequest("invalid request: default_only must be 'true' or 'false'");
}

function readPageSize(value: string): number {
  const size = /^\d{1,4}$/.test(value) ? Number(value) : 0;
  if (size < 1 || size > maxPageSize)
    throw badRequest('invalid request: page_size must be between 1 and 1000');
  return size;
}

function writePageToken(start: number): string {
  return Buffer.from(`models:${start}`).toString('base64url');
}

function readPageToken(token: string | null, total: number): number {
  if (token === null) return 0;
  const start = Number(
    /^models:(\d{1,6})$/.exec(Buffer.from(token, 'base64url').toString())?.[1] ?? Number.NaN,
  );
  if (Number.isNaN(start) || start >= total) throw badRequest('invalid request: page_token is not valid');
  return start;
}
