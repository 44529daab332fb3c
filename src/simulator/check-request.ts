// Takes a chat request apart and refuses whatever Cohere would. Where Cohere's behaviour is not known the stricter
// reading is taken: a client that pleases this service should please the real one.
import type { ChatBody } from './chat-body.ts';
import { checkMessages } from './check-messages.ts';
import { checkSampling } from './check-sampling.ts';
import { checkJsonSchema } from './check-schema.ts';
import { checkTools } from './check-tools.ts';
import { type CountedPrompt, type CountPrompt, countTokens, type PromptTokens } from './count-tokens.ts';
import { isDeeperThan, type JsonValue } from './json.ts';
import { findModel, type Model, supports } from './models.ts';
import { readChatBody } from './read-body.ts';
import { badRequest, Refusal } from './refusal.ts';

export interface CheckedRequest {
  readonly body: ChatBody;
  readonly model: Model;
  readonly prompt: PromptTokens;
}

/** Far above any sane request, far below what would exhaust the stack of whoever walks it. */
const maxNesting = 128;

export function checkRequest(value: JsonValue, countPrompt: CountPrompt = () => undefined): CheckedRequest {
  if (isDeeperThan(maxNesting, value)) throw badRequest('invalid request: the body is nested too deeply.');
  const body = readChatBody(value);
  const model = findModel(body.model);
  if (!model.chat)
    throw badRequest(`invalid request: model '${body.model}' is not supported with the chat endpoint.`);
  checkSampling(body, model);
  checkFeatures(body, model);
  checkDocuments(body, model);
  checkResponseFormat(body, model);
  checkTools(body, model);
  checkMessages(body, model);
  return { body, model, prompt: checkContext(body, model, countPrompt(value)) };
}

/** Newer models can be strict or contextual about safety, but not silent. */
const modelsWithSafetyOff = new Set(['command-r-08-2024', 'command-r-plus-08-2024']);

function checkFeatures(body: ChatBody, model: Model): void {
  if (body.logprobs && !supports(model, 'logprobs')) {
    throw badRequest('logprobs is not supported with the specified model');
  }
  // Also for `disabled`: the object itself is refused.
  if (body.thinking && !supports(model, 'reasoning')) {
    throw badRequest('invalid request: `thinking` parameter is not supported with the specified model.');
  }
  if (body.safetyMode && !supports(model, 'safety_modes')) {
    throw badRequest('invalid request: safety_mode is not supported with the specified model.');
  }
  if (body.safetyMode === 'OFF' && !modelsWithSafetyOff.has(model.name)) {
    throw badRequest("invalid request: safety_mode 'OFF' is not supported with the specified model.");
  }
  if (body.hasCitationOptions && !supports(model, 'citations')) {
    throw badRequest('invalid request: citation_options is not supported with the specified model.');
  }
}

function checkDocuments(body: ChatBody, model: Model): void {
  if (!body.documents) return;
  if (body.documents.length === 0) throw badRequest('invalid request: list of documents must not be empty');
  const ids = new Set<string>();
  for (const [index, document] of body.documents.entries()) {
    if (Object.keys(document.data).length === 0) {
      // Recorded without an id, unlike most refusals.
      throw new Refusal(400, `invalid request: document at index ${index} cannot be empty`, { hasId: false });
    }
    if (document.id === undefined) continue;
    if (ids.has(document.id)) throw badRequest(`invalid request: duplicate document id '${document.id}'`);
    ids.add(document.id);
  }
  if (!supports(model, 'citations')) {
    throw badRequest('invalid request: documents are not supported with the specified model.');
  }
}

function checkResponseFormat(body: ChatBody, model: Model): void {
  const format = body.responseFormat;
  if (!format) return;
  if (body.tools || body.documents) {
    throw badRequest(
      'invalid request: response_format is not supported in combination with tools or documents.',
    );
  }
  if (format.type === 'text') {
    if (format.schema)
      throw badRequest("invalid request: json_schema cannot be specified when type is 'text'.");
    return;
  }
  if (!supports(model, 'json_mode') || (format.schema && !supports(model, 'json_schema'))) {
    throw badRequest('invalid request: response_format is not supported with the specified model.');
  }
  if (format.schema) checkJsonSchema(format.schema);
}

function checkContext(body: ChatBody, model: Model, counted: CountedPrompt | undefined): PromptTokens {
  const prompt = { ...countTokens(body), ...counted };
  const limit = model.contextLength ?? Number.POSITIVE_INFINITY;
  const total = prompt.input + prompt.images;
  if (total > limit) {
    throw badRequest(
      `too many tokens: size limit exceeded by ${total - limit} tokens. ` +
        `Try using shorter or fewer inputs. The limit for this model is ${limit} tokens.`,
    );
  }
  return prompt;
}
