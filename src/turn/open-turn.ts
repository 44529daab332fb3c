// A request → a turn that is ready to run: its session found and held, its model known, its prompt composed. A request
// that comes again gets the answer that was stored.
import type { ChatRequest } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import type { Session } from '../conversation/session.ts';
import type { Answer } from './answer.ts';
import { type Composed, composePrompt } from './compose-prompt.ts';
import type { ModelInfo } from './model.ts';
import { openSession } from './open-session.ts';
import { findAnswer } from './replay-turn.ts';
import { type Caller, RunningTurn, type TurnParts, type TurnRequest } from './run-turn.ts';

/** @throws ProxyError for everything that can be refused before Cohere is asked. */
export async function openTurn(request: TurnRequest, parts: TurnParts): Promise<Answer> {
  const { repetition, caller, client } = request;
  const { store, gate } = parts;
  if (!store || repetition?.source !== 'key') return openNewTurn(request, parts);
  // While the first request with a key runs, the second waits for its answer. No session's name holds a colon.
  const release = await gate.enter({ owner: caller.owner, user: caller.user, id: repetition.key }, client);
  try {
    const answer = await findAnswer(repetition, caller, store);
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
  const { store, gate, makeId } = parts;
  const makeSessionId = () => makeId('sess_');
  const opened = await openSession(request.session, caller, { store, gate, makeSessionId, signal: client });
  try {
    // The first attempt may have been running until the session was ours.
    const repeated =
      store && repetition?.source === 'client' ? await findAnswer(repetition, caller, store) : undefined;
    if (repeated) {
      opened.release();
      return repeated;
    }
    const { composed, info } = await composeFor(request, caller, opened.session, parts);
    return new RunningTurn({
      request,
      caller,
      client,
      parts,
      opened,
      composed,
      info,
      mark: repetition,
      releaseKey,
    });
  } catch (error) {
    opened.release();
    throw error;
  }
}

/** What a turn would ask, and what is known of the model that it would ask. */
export async function composeFor(
  request: ChatRequest,
  caller: Caller,
  session: Session | undefined,
  parts: TurnParts,
): Promise<{ readonly composed: Composed; readonly info: ModelInfo | undefined }> {
  const model = request.model ?? session?.model ?? parts.defaultModel;
  const info = await parts.model.lookup(model, caller.apiKey);
  if (info && !info.chat) {
    throw new ProxyError(
      'model_not_chat_capable',
      `The model \`${model}\` cannot chat, so it holds no conversations. Choose one that Cohere lists for chat.`,
      { param: 'model' },
    );
  }
  return { composed: composePrompt(request, session, model), info };
}
