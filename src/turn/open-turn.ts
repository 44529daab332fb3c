// A request → a turn that is ready to run: its session found and held, its model known, its prompt composed. A request
// that comes again gets the answer that was stored.
import type { ChatRequest } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import type { Answer } from './answer.ts';
import { type Composed, composePrompt } from './compose-prompt.ts';
import type { Continuation } from './continuation.ts';
import type { Measured, ModelInfo } from './model.ts';
import { goOnWithoutStore, isNeeded, openSession } from './open-session.ts';
import { findAnswer } from './replay-turn.ts';
import { RunningTurn } from './run-turn.ts';
import type { Caller, TurnParts, TurnRequest } from './turn-parts.ts';

/** @throws ProxyError for everything that can be refused before Cohere is asked. */
export async function openTurn(request: TurnRequest, parts: TurnParts): Promise<Answer> {
  const { repetition, caller, client } = request;
  const { store, gate } = parts;
  if (!store || repetition?.source !== 'key') return openNewTurn(request, parts);
  // While the first request with a key runs, the second waits for its answer. No session's name holds a colon.
  const release = await gate.enter({ owner: caller.owner, user: caller.user, id: repetition.key }, client);
  try {
    const finding = findAnswer(repetition, caller, store);
    // What nobody can look for may be answered twice; a transcript loses nothing by it.
    const answer = await (isNeeded(request.chat.session) ? finding : finding.catch(goOnWithoutStore));
    if (!answer) return await openNewTurn(request, parts, release);
    release();
    return answer;
  } catch (error) {
    release();
    throw error;
  }
}

async function openNewTurn(
  { chat: request, caller, client, repetition }: TurnRequest,
  parts: TurnParts,
  releaseKey: () => void = () => {},
): Promise<Answer> {
  const { store } = parts;
  const makeSessionId = () => parts.makeId('sess_');
  const opened = await openSession(request, caller, { ...parts, makeSessionId, signal: client });
  try {
    // The first attempt may have been running until the session was ours.
    const repeated =
      store && repetition?.source === 'client' ? await findAnswer(repetition, caller, store) : undefined;
    if (repeated) {
      opened.release();
      return repeated;
    }
    const { composed, info, measured } = await composeFor(request, caller, opened.continuation, parts);
    client.throwIfAborted();
    return new RunningTurn({
      request,
      caller,
      client,
      parts,
      opened,
      composed,
      info,
      measured,
      mark: repetition,
      releaseKey,
    });
  } catch (error) {
    opened.release();
    throw error;
  }
}

interface Asked {
  readonly composed: Composed;
  readonly info: ModelInfo | undefined;
  readonly measured: Measured;
}

/** What a turn would ask, and what is known of the model that it would ask. */
export async function composeFor(
  request: ChatRequest,
  caller: Caller,
  continuation: Continuation,
  parts: TurnParts,
): Promise<Asked> {
  const model = request.model ?? continuation.session?.model ?? parts.defaultModel;
  const info = await parts.model.lookup(model, caller.apiKey);
  if (info && !info.chat) {
    throw new ProxyError(
      'model_not_chat_capable',
      `The model \`${model}\` cannot chat, so it holds no conversations. Choose one that Cohere lists for chat.`,
      { param: 'model' },
    );
  }
  const tools = request.tools && parts.tools.recognise(request.tools);
  const composed = composePrompt(tools ? { ...request, tools } : request, continuation, model);
  const measured = parts.meter.measure(composed.prompt, info);
  await measured.prepare();
  return { composed, info, measured };
}
