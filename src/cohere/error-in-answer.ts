// Some servers begin every answer with 200, and say only then that they refuse: vLLM, SGLang and gateways write
// `{"error": …}` in the place of an event, or of the whole answer. It is read as the status would have been.

export class ErrorInAnswer extends Error {
  override readonly name = 'ErrorInAnswer';
  /** Undefined where it does not say. */
  readonly status: number | undefined;
  /** The JSON as it came. */
  readonly text: string;

  constructor(status: number | undefined, text: string) {
    super('an error in the place of an answer');
    this.status = status;
    this.text = text;
  }
}

/** @throws ErrorInAnswer where the event, or the answer, is one */
export function checkIsNoError(value: object): void {
  const { type, error, message } = value as Readonly<Record<string, unknown>>;
  const status = statusOf(value);
  // Cohere's own form has no more than a message: without a status that may be anything.
  const isFlat = isSaid(message) && (type === 'error' || (type === undefined && status !== undefined));
  if (isSaid(error) || isFlat) throw new ErrorInAnswer(status, JSON.stringify(value));
}

function isSaid(value: unknown): boolean {
  return (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null);
}

function statusOf(value: object): number | undefined {
  const outer = value as Readonly<Record<string, unknown>>;
  const inner = Object(outer.error) as Readonly<Record<string, unknown>>;
  for (const fields of [inner, outer]) {
    for (const name of ['code', 'status', 'status_code']) {
      const status = Number(fields[name]);
      if (Number.isInteger(status) && status >= 400 && status < 600) return status;
    }
  }
  return /bad.?request|invalid.?request/i.test(String(inner.type ?? outer.type)) ? 400 : undefined;
}
