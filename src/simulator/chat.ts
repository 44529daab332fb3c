// POST /v2/chat: check, fail if asked to, answer.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { composeAnswer } from './answer.ts';
import { breakStream } from './break-stream.ts';
import { checkRequest } from './check-request.ts';
import { readConversation } from './conversation.ts';
import type { CountPrompt } from './count-tokens.ts';
import type { CutAnswer } from './cut-answer.ts';
import { type FailedReply, findFault, refusalFor, unavailable } from './faults.ts';
import type { JsonValue } from './json.ts';
import { PromptCache } from './prompt-cache.ts';
import { Refusal } from './refusal.ts';
import { splitTokens } from './split-tokens.ts';
import { streamEvents } from './stream-events.ts';
import { writeUsage } from './usage.ts';
import { writeBody, writeResponse } from './write-response.ts';
import { writeStream } from './write-stream.ts';

export interface ChatCall {
  /** Whose prompt cache is used. */
  readonly key: string;
  readonly body: JsonValue;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
}

const slowPaceMs = 50;
const maxRememberedFailures = 100;

export class Chat {
  readonly #paceMs: number;
  readonly #countPrompt: CountPrompt;
  readonly #cache = new PromptCache();
  /** Digests of bodies that `simulate:once-503` has refused. */
  readonly #failedOnce = new Set<string>();

  constructor(paceMs: number, countPrompt: CountPrompt) {
    this.#paceMs = paceMs;
    this.#countPrompt = countPrompt;
  }

  /** Throws a Refusal before anything is written; a returned reply is to be sent as it is. */
  async answer(response: ServerResponse, call: ChatCall): Promise<FailedReply | undefined> {
    const { body, model, prompt } = checkRequest(call.body, this.#countPrompt);
    const fault = findFault(readConversation(body.messages));
    const failure = fault && refusalFor(fault, body.stream);
    if (failure instanceof Refusal) throw failure;
    if (failure) return failure;
    if (fault === 'simulate:once-503' && this.#isFirstTime(call)) return unavailable;

    const composed = composeAnswer(body, model, newCallId);
    const answer = fault === 'simulate:empty' ? withoutContent(composed) : composed;
    const id = randomUUID();
    const usage = writeUsage(prompt, answer, this.#cache.take(call.key, body, prompt));
    const paceMs = fault === 'simulate:slow' ? slowPaceMs : this.#paceMs;
    if (body.stream) {
      const events = streamEvents(answer, {
        id,
        usage,
        hasLogprobs: body.logprobs,
        citesAtOnce: body.citationMode === 'FAST',
      });
      await writeStream(response, { ...breakStream(events, fault), paceMs, signal: call.signal });
    } else {
      await writeResponse(response, {
        body: writeBody(id, answer, usage, body.logprobs),
        promptTokens: prompt.billed,
        answer,
        ending: fault === 'simulate:cut' ? 'cut' : fault === 'simulate:stall' ? 'stall' : 'whole',
        delayMs: fault === 'simulate:slow' ? slowPaceMs * splitTokens(answer.text).length : 0,
        signal: call.signal,
      });
    }
    return undefined;
  }

  #isFirstTime({ key, body }: ChatCall): boolean {
    const digest = createHash('sha256')
      .update(JSON.stringify([key, body]))
      .digest('base64');
    if (this.#failedOnce.has(digest)) return false;
    const [oldest] = this.#failedOnce;
    if (oldest !== undefined && this.#failedOnce.size >= maxRememberedFailures)
      this.#failedOnce.delete(oldest);
    this.#failedOnce.add(digest);
    return true;
  }
}

/** Recorded form: the tool's name and twelve small letters and digits. */
function newCallId(tool: string): string {
  const alphabet = 'abcdefghjkmnpqrstvwxyz0123456789';
  const letters = Array.from(randomBytes(12), byte => alphabet[byte % alphabet.length] ?? '0');
  return `${tool}_${letters.join('')}`;
}

function withoutContent(answer: CutAnswer): CutAnswer {
  return {
    ...answer,
    thinking: '',
    toolPlan: '',
    calls: [],
    text: '',
    citations: [],
    finishReason: 'COMPLETE',
    outputTokens: 1,
    billedTokens: 0,
  };
}
