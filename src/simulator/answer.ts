// What the pretend model says: a function of the request, so that the same request has the same answer. Only the ids
// of tool calls come from outside, since Cohere's are random.
import type { ChatBody, Tool } from './chat-body.ts';
import { maxOutputTokens } from './check-sampling.ts';
import { chooseTools, completionTool, wantsCompletion } from './choose-tools.ts';
import { answerFromDocuments, answerFromResults, type Citation, type CitedText } from './cite.ts';
import { type Conversation, readConversation } from './conversation.ts';
import { type CutAnswer, cutAnswer } from './cut-answer.ts';
import { readHints } from './hints.ts';
import { isObject, type JsonObject } from './json.ts';
import { type Model, supports } from './models.ts';
import { type Recall, recall } from './remember.ts';
import { hasProperties, sampleSchema } from './schema-sample.ts';
import { takeTokens } from './split-tokens.ts';
import { writeArguments } from './write-arguments.ts';

export interface Call {
  readonly id: string;
  readonly name: string;
  /** As it goes over the wire; whole or streamed, the forms differ. */
  readonly arguments: string;
}

export interface Answer {
  readonly thinking: string;
  readonly toolPlan: string;
  readonly calls: readonly Call[];
  readonly text: string;
  readonly citations: readonly Citation[];
}

/** Recorded with `tool_choice: REQUIRED`: the plan is not the model's own then. */
const cannedPlan = 'I will use one or more of the available tools to find the answer';

export function composeAnswer(body: ChatBody, model: Model, newCallId: (tool: string) => string): CutAnswer {
  const conversation = readConversation(body.messages);
  const memory = recall(conversation.userTexts);
  const answer =
    body.responseFormat?.type === 'json_object'
      ? writeJson(body, conversation, memory)
      : act(body, model, conversation, memory, newCallId);
  const thinking = isThinking(body, model) ? think(answer, conversation) : '';
  const budget = body.thinking?.tokenBudget;
  return cutAnswer(
    { ...answer, thinking: budget === undefined ? thinking : takeTokens(thinking, budget) },
    { stopSequences: body.stopSequences, maxTokens: maxOutputTokens(body, model) },
  );
}

/** On by default where the model can. */
function isThinking(body: ChatBody, model: Model): boolean {
  return supports(model, 'reasoning') && body.thinking?.type !== 'disabled';
}

function act(
  body: ChatBody,
  model: Model,
  conversation: Conversation,
  memory: Recall,
  newCallId: (tool: string) => string,
): Answer {
  const text = conversation.userTexts.at(-1) ?? '';
  const hasResults = conversation.results.length > 0;
  const chosen = chooseTools(body, { text, hasResults, isMemory: memory.isMemory });
  const reply = writeReply(body, model, conversation, memory);
  const planned = chosen.map((tool, index) => {
    const turn = chosen.indexOf(tool) === index ? 0 : 1;
    return { tool, parameters: sampleArguments(tool, text, turn) };
  });
  const completion = (body.tools ?? []).find(tool => tool.name === completionTool);
  if (planned.length === 0 && completion && wantsCompletion(body, text)) {
    planned.push({
      tool: completion,
      parameters: { ...sampleArguments(completion, text, 0), result: reply.text },
    });
  }
  if (planned.length === 0) return { thinking: '', toolPlan: '', calls: [], ...reply };
  return {
    thinking: '',
    // Recorded: a reasoning model thinks about its calls and has no plan.
    toolPlan: supports(model, 'reasoning')
      ? ''
      : planFor(
          body,
          planned.map(({ tool }) => tool),
        ),
    calls: planned.map(({ tool, parameters }) => ({
      id: newCallId(tool.name),
      name: tool.name,
      arguments: writeArguments(parameters, hasProperties(tool.parameters), body),
    })),
    text: '',
    citations: [],
  };
}

function sampleArguments(tool: Tool, text: string, turn: number): JsonObject {
  const sampled = sampleSchema(tool.parameters, readHints(text, turn));
  return isObject(sampled) ? sampled : {};
}

function planFor(body: ChatBody, tools: readonly Tool[]): string {
  if (body.toolChoice === 'REQUIRED') return cannedPlan;
  const names = [...new Set(tools)].map(tool => `the ${tool.name} tool`).join(' and ');
  return `I will use ${names} to answer the user.`;
}

function writeReply(body: ChatBody, model: Model, conversation: Conversation, memory: Recall): CitedText {
  if (conversation.results.length > 0)
    return withCitations(answerFromResults(conversation.results), body, model);
  if (body.documents && !memory.isMemory) {
    const question = conversation.userTexts.at(-1) ?? '';
    return withCitations(answerFromDocuments(body.documents, question), body, model);
  }
  return { text: memory.reply, citations: [] };
}

function withCitations(reply: CitedText, body: ChatBody, model: Model): CitedText {
  const isOff =
    body.citationMode === 'DISABLED' || body.citationMode === 'OFF' || !supports(model, 'citations');
  return isOff ? { text: reply.text, citations: [] } : reply;
}

function think(answer: Answer, { userTexts, results }: Conversation): string {
  const seen = `The user has sent ${userTexts.length} ${userTexts.length === 1 ? 'message' : 'messages'}.`;
  const waiting = results.length > 0 ? ' The results of the tools are there.' : '';
  const next =
    answer.calls.length > 0 ? `call ${answer.calls.map(call => call.name).join(' and ')}` : 'answer directly';
  return `${seen}${waiting} I should ${next}.`;
}

/** What a model writes that must write JSON and was never told so: documented as white space without end. */
const endlessSpace = ' \n'.repeat(4_096);

function writeJson(body: ChatBody, conversation: Conversation, memory: Recall): Answer {
  const schema = body.responseFormat?.schema;
  const text = conversation.userTexts.at(-1) ?? '';
  const value = schema
    ? sampleSchema(schema, readHints(text))
    : { reply: memory.reply, user_messages: conversation.userTexts.length };
  const isAskedFor = schema !== undefined || mentionsJson(body);
  return {
    thinking: '',
    toolPlan: '',
    calls: [],
    text: isAskedFor ? JSON.stringify(value, null, 2) : endlessSpace,
    citations: [],
  };
}

function mentionsJson(body: ChatBody): boolean {
  return body.messages.some(message =>
    message.content.some(block => block.type === 'text' && /json/i.test(block.text)),
  );
}
