// What Cohere counted teaches what we count. One residual for each model and mix of features, so that a wrong figure
// of one cannot spoil another. Pure: no clock, no I/O; whoever holds it stores what `toJSON` gives.

/** What is known about one prompt: counted by us, without correction, and by Cohere. */
export interface Observation {
  readonly predicted: number;
  readonly actual: number;
}

export interface CalibrationEntry {
  readonly model: string;
  readonly mix: string;
  /** Tokens that are added to a prediction; may be negative. */
  readonly correction: number;
  /** How many answers it rests on, up to `remembered`. */
  readonly observations: number;
}

/** The newest answers that count for one model and mix. Three of nine may be nonsense, whichever way. */
const remembered = 9;
/** Fewer than this say nothing yet. */
const needed = 3;
/** Under-counting is dear: of the residuals in order, the one at this share is taken, a little above the middle. */
const quantile = 0.65;
/** Upwards at once, downwards by this share of the way with each answer. */
const downwards = 0.25;
/** No prediction is changed by more than its share or the constant, whichever is more. */
const maxShare = 0.15;
const maxConstant = 1024;
const maxEntries = 256;
const maxNameLength = 200;

interface Entry {
  readonly residuals: readonly number[];
  readonly correction: number;
}

export class Calibration {
  // In order of use: the first is the one to drop.
  readonly #entries = new Map<string, Entry>();

  /** Tokens to add to a prediction. */
  correction(model: string, mix: string, predicted: number): number {
    const limit = limitOf(predicted);
    const { correction = 0 } = this.#entries.get(keyOf(model, mix)) ?? {};
    return Math.round(Math.max(-limit, Math.min(limit, correction)));
  }

  /** An answer came, with what Cohere counted. */
  observe(model: string, mix: string, { predicted, actual }: Observation): void {
    if (!isCount(predicted) || !isCount(actual)) return;
    const key = keyOf(model, mix);
    const before = this.#entries.get(key) ?? { residuals: [], correction: 0 };
    const residuals = [...before.residuals, actual - predicted].slice(-remembered);
    this.#keep(key, { residuals, correction: nextCorrection(before.correction, residuals) });
  }

  /**
   * Cohere refused a prompt as too large and said how large it was: believed at once, since the next attempt must
   * fit. Answers correct it later like anything else.
   */
  observeRefusal(model: string, mix: string, { predicted, actual }: Observation): void {
    if (!isCount(predicted) || !isCount(actual)) return;
    const key = keyOf(model, mix);
    const before = this.#entries.get(key) ?? { residuals: [], correction: 0 };
    const residual = actual - predicted;
    const residuals = [...before.residuals, residual].slice(-remembered);
    this.#keep(key, { residuals, correction: Math.max(before.correction, residual) });
  }

  /** What was learned, for people to see. */
  entries(): CalibrationEntry[] {
    return [...this.#entries].map(([key, { correction, residuals }]) => {
      const [model = '', mix = ''] = key.split(separator);
      return { model, mix, correction: Math.round(correction), observations: residuals.length };
    });
  }

  toJSON(): SavedCalibration {
    return {
      version: 1,
      entries: [...this.#entries].map(([key, { residuals, correction }]) => [key, correction, residuals]),
    };
  }

  /** What was stored once; anything that is not is left out. */
  static fromJSON(saved: unknown): Calibration {
    const calibration = new Calibration();
    if (typeof saved !== 'object' || saved === null || !('version' in saved) || saved.version !== 1)
      return calibration;
    const entries: readonly unknown[] =
      'entries' in saved && Array.isArray(saved.entries) ? saved.entries : [];
    for (const entry of entries) {
      if (!Array.isArray(entry)) continue;
      const [key, correction, residuals]: readonly unknown[] = entry;
      if (typeof key !== 'string' || !key.includes(separator) || !isFiniteNumber(correction)) continue;
      if (!Array.isArray(residuals) || !residuals.every(isFiniteNumber)) continue;
      calibration.#keep(key, { residuals: residuals.slice(-remembered), correction });
    }
    return calibration;
  }

  #keep(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    if (this.#entries.size <= maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

export interface SavedCalibration {
  readonly version: 1;
  readonly entries: readonly (readonly [key: string, correction: number, residuals: readonly number[]])[];
}

function nextCorrection(before: number, residuals: readonly number[]): number {
  if (residuals.length < needed) return before;
  const sorted = residuals.toSorted((one, two) => one - two);
  const aim = sorted[Math.floor((sorted.length - 1) * quantile)] ?? 0;
  return aim >= before ? aim : settle(before + (aim - before) * downwards, aim);
}

/** The last token of the way is taken whole, so that it ends. */
function settle(value: number, aim: number): number {
  return value - aim < 1 ? aim : value;
}

function limitOf(predicted: number): number {
  return Math.max(maxConstant, Math.floor(predicted * maxShare));
}

const separator = '\n';

/** Clients choose the model's name: its length is theirs, the space is ours. */
function keyOf(model: string, mix: string): string {
  return `${model.slice(0, maxNameLength).replaceAll(separator, ' ')}${separator}${mix.slice(0, maxNameLength)}`;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
