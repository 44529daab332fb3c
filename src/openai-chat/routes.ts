// POST /v1/chat/completions: read, run, write.
import { isDeepStrictEqual } from 'node:util';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { joinAdjustments, noAdjustments } from '../conversation/adjustments.ts';
import { ProxyError, toProxyError } from '../conversation/errors.ts';
import type { Reply } from '../conversation/reply.ts';
import type { App } from '../http/app.ts';
import { limitUnread } from '../http/limit-unread.ts';
import { putsWordsInResults } from '../http/read-client.ts';
import { readLabel, readNearMisses, readSessionHeader } from '../http/read-label.ts';
import { readRepetition } from '../http/read-repetition.ts';
import type { RunningRequests } from '../http/running-requests.ts';
import { sendJson } from '../http/send-json.ts';
import { SseWriter, type SseWriterOptions } from '../http/sse-writer.ts';
import { adjustmentHeaders, type WrittenAdjustments, writeAdjustments } from '../http/write-adjustments.ts';
import type { WrittenLimits } from '../streams/check-written.ts';
import { Pauses } from '../streams/pauses.ts';
import { inSlices } from '../streams/slices.ts';
import type { Answer } from '../turn/answer.ts';
import { countTurn } from '../turn/count-turn.ts';
import { openTurn } from '../turn/open-turn.ts';
import type { TurnParts } from '../turn/turn-parts.ts';
import { checkArguments } from './check-arguments.ts';
import { type ReadLimits, type ReadRequest, readRequest } from './read-request.ts';
import { ChunkWriter } from './write-chunks.ts';
import { type AnswerHead, writeCompletion, writeSessionFields } from './write-completion.ts';

export interface ChatRoutesOptions {
  /** Headers that carry a client's own session id, beside those of known clients. */
  readonly labelHeaders: readonly string[];
  readonly turns: TurnParts;
  readonly running: RunningRequests;
  readonly limits: ReadLimits & WrittenLimits & SseWriterOptions & { readonly streams: number };
}

export function addChatRoutes(app: App, { turns, running, limits, labelHeaders }: ChatRoutesOptions): void {
  const readClient = ({ headers, query }: FastifyRequest) => ({
    label: readLabel(headers, labelHeaders),
    sessionHeader: readSessionHeader(headers),
    nearMisses: readNearMisses(headers, query, labelHeaders),
    wordsInResults: putsWordsInResults(headers),
  });

  let streams = 0;

  app.post('/v1/chat/completions', { config: { isTurn: true } }, async (request, reply) => {
    const pauses = new Pauses();
    await inSlices(checkArguments(request.body, limits));
    const read = readRequest(request.body, limits, readClient(request));
    const client = running.watch(reply.raw);
    await pauses.pass();
    const caller = { ...request.caller, user: read.user };
    const repetition = await inSlices(readRepetition(request.headers, request.bytes, read.chat.session.id));
    // It may be large, and has said what it says.
    request.bytes = undefined;
    const turn = await openTurn({ chat: read.chat, caller, client, repetition }, turns);
    const adjusted = adjustmentsOf(turn, read);
    if (Object.keys(adjusted).length > 0) request.log.debug(adjusted, 'the request was not taken as it came');
    const { answerId: id, createdAtMs, model } = turn;
    const head: AnswerHead = { id, created: Math.floor(createdAtMs / 1000), model };
    if (!read.chat.stream) return sendWhole(turn, head, read, reply, limits.clientWriteTimeoutMs);
    if (streams >= limits.streams) {
      turn.release();
      throw new ProxyError('overloaded', 'Too many streams are open. Try again in a moment.');
    }
    streams += 1;
    try {
      await sendStream(turn, head, read, request, reply);
    } finally {
      streams -= 1;
    }
    return reply;
  });

  app.post('/v1/chat/completions/input_tokens', async (request, reply) => {
    await inSlices(checkArguments(request.body, limits));
    const read = readRequest(request.body, limits, readClient(request));
    const counted = await countTurn(
      { chat: read.chat, caller: { ...request.caller, user: read.user } },
      turns,
    );
    return reply.send({
      object: 'chat.completion.input_tokens',
      input_tokens: counted.inputTokens,
      whole_tokens: counted.wholeTokens,
      budget: counted.budget,
      fits: counted.fits,
      truncated: { messages: counted.leftOut, results: counted.shortened },
      exact: counted.isExact,
      calibration: counted.learned,
    });
  });

  async function sendStream(
    turn: Answer,
    head: AnswerHead,
    read: ReadRequest,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    let told = setHeaders(reply, turn, read);
    const sse = new SseWriter(reply, limits);
    const chunks = new ChunkWriter(head, read);
    try {
      await turn.start();
      if (!sse.isOpen) told = setHeaders(reply, turn, read);
      for await (const batch of turn.events()) {
        // The first batch may be the last: by now it is known whether the turn was stored.
        if (!sse.isOpen) told = setHeaders(reply, turn, read);
        const end = batch.at(-1);
        const frames = chunks.write(batch);
        if (end?.type === 'turn-end') {
          const { carrier } = turn;
          const fields = sessionFieldsOf(turn, read, turn.reply, carrier);
          // What was adjusted since the headers went out.
          const adjustments = adjustmentsOf(turn, read);
          const isTold = isDeepStrictEqual(adjustments, told);
          const last = isTold ? fields : { ...fields, adjustments };
          // It is stored: the next turn need not wait until this client has read it.
          turn.release();
          await sse.end(frames, chunks.end(end, last, carrier));
        } else await sse.write(frames);
      }
    } catch (thrown) {
      if (!sse.isOpen) {
        sse.abandon();
        // Announced in case the stream had to be opened early; a first turn that failed leaves no session.
        reply.removeHeader('x-session-id').removeHeader('x-session-state');
        throw thrown;
      }
      const error = toProxyError(thrown);
      request.failure = error;
      sse.fail(error);
    } finally {
      turn.release();
    }
  }
}

async function sendWhole(
  turn: Answer,
  head: AnswerHead,
  read: ReadRequest,
  reply: FastifyReply,
  writeTimeoutMs: number,
): Promise<FastifyReply> {
  await turn.start();
  for await (const _batch of turn.events());
  // Sealed anew each time that it is asked for.
  const { reply: answer, carrier } = turn;
  if (!answer) throw new Error('a turn ended without a reply');
  setHeaders(reply, turn, read);
  const completion = writeCompletion(head, answer, sessionFieldsOf(turn, read, answer, carrier), carrier);
  sendJson(reply, completion);
  limitUnread(reply.raw, writeTimeoutMs);
  return reply;
}

function sessionFieldsOf(
  turn: Answer,
  read: ReadRequest,
  reply: Reply | undefined,
  carrier: string | undefined,
) {
  return writeSessionFields(
    turn.sessionId,
    reply && read.includeMessages ? { reply, messages: turn.messages } : undefined,
    carrier,
  );
}

/** @returns what they say of adjustments */
function setHeaders(reply: FastifyReply, turn: Answer, read: ReadRequest): WrittenAdjustments {
  const { sessionId } = turn;
  reply.header('x-session-state', sessionId === null ? 'none' : turn.state);
  if (sessionId === null) reply.removeHeader('x-session-id');
  else reply.header('x-session-id', sessionId);
  if (turn.isReplayed) reply.header('idempotent-replayed', 'true');
  const { leftOut, shortened } = turn.truncated;
  if (leftOut + shortened > 0)
    reply.header('x-context-truncated', `messages=${leftOut}, results=${shortened}`);
  const adjusted = adjustmentsOf(turn, read);
  reply.headers(adjustmentHeaders(adjusted));
  return adjusted;
}

function adjustmentsOf({ adjustments, reply }: Answer, read: ReadRequest): WrittenAdjustments {
  const { cutCalls = [], toolCalls = [] } = reply?.message ?? {};
  const dropped = cutCalls.map((_, index) => `choices[0].message.tool_calls[${toolCalls.length + index}]`);
  return writeAdjustments(joinAdjustments(read.adjustments, adjustments, { ...noAdjustments, dropped }));
}
