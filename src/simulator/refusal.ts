// A request that Cohere would not take: the status and the flat body that it answers with.
import { randomUUID } from 'node:crypto';
import type { JsonObject } from './json.ts';

interface RefusalDetails {
  readonly errorType?: string;
  /** Recorded bodies carry a request id, except those of failed generations and a few others. */
  readonly hasId?: boolean;
}

export class Refusal extends Error {
  readonly status: number;
  readonly errorType: string | undefined;
  readonly hasId: boolean;

  constructor(status: number, message: string, details: RefusalDetails = {}) {
    super(message);
    this.status = status;
    this.errorType = details.errorType;
    this.hasId = details.hasId ?? details.errorType === undefined;
  }

  toBody(): JsonObject {
    return {
      ...(this.hasId ? { id: randomUUID() } : {}),
      ...(this.errorType === undefined ? {} : { error_type: this.errorType }),
      message: this.message,
    };
  }
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, message);
}

/** What the decoder in front of the service says: it always points at the reference page. */
export function undecodable(status: 400 | 422, message: string): Refusal {
  return new Refusal(
    status,
    `${message}. For proper usage, please refer to https://docs.cohere.com/reference/chat`,
  );
}

/** Reported for prompts that the model cannot make sense of; the real service finds out while generating. */
export function invalidToolGeneration(): Refusal {
  return new Refusal(
    422,
    'your request resulted in an invalid tool generation. Try updating the messages or tool definitions',
    { errorType: 'INVALID_TOOL_GENERATION' },
  );
}
