// GET /v1/models and /v1/models/{id}: OpenAI's shape, plus what Cohere says of each model. GET /v1/model/info: the same
// in LiteLLM's shape, which the LiteLLM providers of Roo and Zoo ask for before they list any model.
import { ProxyError } from '../conversation/errors.ts';
import type { App } from '../http/app.ts';
import type { ChatModel, ModelInfo } from '../turn/model.ts';

export function addModelRoutes(app: App, model: Pick<ChatModel, 'list'>): void {
  app.get('/v1/models', async (request, reply) => {
    const models = await model.list(request.caller.apiKey);
    return reply.send({ object: 'list', data: models.map(writeModel) });
  });

  app.get('/v1/model/info', async (request, reply) => {
    const models = await model.list(request.caller.apiKey);
    return reply.send({ data: models.map(writeModelInfo) });
  });

  // The id of a fine-tuned model may hold slashes.
  app.get('/v1/models/*', async (request, reply) => {
    const { '*': id = '' } = request.params as { '*'?: string };
    const models = await model.list(request.caller.apiKey);
    const found = models.find(({ name }) => name === id);
    if (!found) {
      throw new ProxyError('model_not_found', `The model \`${id}\` does not exist or does not chat.`, {
        param: 'model',
      });
    }
    return reply.send(writeModel(found));
  });
}

function writeModel({ name, contextLength, maxOutputTokens, features }: ModelInfo) {
  return {
    id: name,
    object: 'model',
    // Cohere does not say when.
    created: 0,
    owned_by: 'cohere',
    context_length: contextLength ?? null,
    max_output_tokens: maxOutputTokens ?? null,
    features: features ? [...features] : null,
  };
}

/** Without prices: nobody here knows them. */
function writeModelInfo({ name, contextLength, maxOutputTokens, features }: ModelInfo) {
  return {
    model_name: name,
    litellm_params: { model: name },
    model_info: {
      mode: 'chat',
      litellm_provider: 'cohere',
      max_tokens: maxOutputTokens ?? null,
      max_input_tokens: contextLength ?? null,
      max_output_tokens: maxOutputTokens ?? null,
      supports_function_calling: features?.has('tools') ?? null,
      supports_vision: features?.has('vision') ?? null,
      supports_reasoning: features?.has('reasoning') ?? null,
      // Cohere caches by itself; asked for, clients would only mark their messages.
      supports_prompt_caching: false,
    },
  };
}
