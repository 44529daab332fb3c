// A request → a turn that is ready to run: its session found and held, its model known, its prompt composed. A request
// that comes again gets the answer that was stored.
import type { ChatRequest } from '../conversation/chat-request.ts';
import { ProxyError } from '../conversation/errors.ts';
import { Pauses } from '../streams/pauses.ts';
import type { Answer } from './answer.ts';
import { type ClaimedKey, findAnswerOrClaim } from './claim-key.ts';
import { type Composed, composePrompt } from './compose-prompt.ts';
import type { Continuation } from './continuation.ts';
import type { Measured, ModelInfo } from './model.ts';
import { goOnWithoutStore, isNeeded, openSession } from './open-session.ts';
import { findLastAnswer } from './replay-turn.ts';
import { RunningTurn } from './run-turn.ts';
import { type Caller, spaceOf, type TurnParts, type TurnRequest } from './turn-parts.ts';

/** @throws ProxyError for everything that can be refused before Cohere is asked. */
export async function openTurn(request: TurnRequest, parts: TurnParts): Promise<Answer> {
  const { repetition, caller, chat } = request;
  const { store } = parts;
  const id = parts.makeId('turn_');
  if (!store || repetition?.source !== 'key') return openNewTurn(request, id, parts);
  const looking = findAnswerOrClaim(repetition, spaceOf(caller), { ...parts, store, holder: id });
  // What nobody can look for may be answered twice; a transcript loses nothing by it.
  const found = await (isNeeded(chat.session) ? looking : looking.catch(goOnWithoutStore));
  if (found && 'answer' in found) return found.answer;
  try {
    return await openNewTurn(request, id, parts, found?.claimed);
  } catch (error) {
    found?.claimed.release();
    throw error;
  }
}

async function openNewTurn(
  { chat: request, caller, client, repetition }: TurnRequest,
  id: string,
  parts: TurnParts,
  claimed?: ClaimedKey,
): Promise<Answer> {
  const { store } = parts;
  const space = spaceOf(caller);
  const { id: sessionId } = request.session;
  const ownRepeat = repetition?.source === 'client' ? repetition : undefined;
  if (ownRepeat && !ownRepeat.isRepeat) parts.attempts.note(ownRepeat, space, sessionId, id);
  const makeSessionId = () => parts.makeId('sess_');
  const opened = await openSession(request, space, { ...parts, makeSessionId, holder: id, signal: client });
  const release = () => {
    opened.release();
    claimed?.release();
  };
  try {
    // The first attempt may have been running until the session was ours.
    if (ownRepeat?.isRepeat) {
      const repeated =
        store && (await findLastAnswer(ownRepeat, { sessionId, space, store, attempts: parts.attempts }));
      if (repeated) {
        release();
        return repeated;
      }
      parts.attempts.note(ownRepeat, space, sessionId, id);
    }
    const { composed, info, measured } = await composeFor(request, caller, opened.continuation, parts);
    client.throwIfAborted();
    const mark = repetition;
    return new RunningTurn({
      id,
      request,
      caller,
      client,
      parts,
      opened,
      composed,
      info,
      measured,
      mark,
      release,
    });
  } catch (error) {
    release();
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
  const pauses = new Pauses();
  const tools = request.tools && parts.tools.recognise(request.tools);
  const composed = composePrompt(tools ? { ...request, tools } : request, continuation, model);
  await pauses.pass();
  const measured = parts.meter.measure(composed.prompt, info);
  await measured.prepare();
  await pauses.pass();
  return { composed, info, measured };
}
