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
  readonly answers: number;
}

export interface CalibrationChange extends CalibrationEntry {
  /** The correction until now; the same where only the answers are others. */
  readonly before: number;
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
  /** Learned here, and not elsewhere before. */
  readonly isOwn: boolean;
}

const nothing: Entry = { residuals: [], correction: 0, isOwn: false };

export class Calibration {
  // In order of use: the first is the one to drop.
  readonly #entries = new Map<string, Entry>();
  #onChange: (change: CalibrationChange) => void = () => {};

  /** Tells of whatever is learned and was not known. */
  watch(onChange: (change: CalibrationChange) => void): void {
    this.#onChange = onChange;
  }

  /** Tokens to add to a prediction. */
  correction(model: string, mix: string, predicted: number): number {
    const limit = limitOf(predicted);
    const { correction } = this.#entryOf(model, mix);
    return Math.round(Math.max(-Math.min(limit, predicted), Math.min(limit, correction)));
  }

  /** How many answers the correction rests on, up to `remembered`. */
  answers(model: string, mix: string): number {
    return this.#entryOf(model, mix).residuals.length;
  }

  /** An answer came, with what Cohere counted. */
  observe(model: string, mix: string, observation: Observation): void {
    this.#learn(model, mix, observation, nextCorrection);
  }

  /**
   * Cohere refused a prompt as too large and said how large it was: believed at once, since the next attempt must
   * fit. Answers correct it later like anything else.
   */
  observeRefusal(model: string, mix: string, observation: Observation): void {
    this.#learn(model, mix, observation, (before, residuals) => Math.max(before, residuals.at(-1) ?? 0));
  }

  /** What was learned, for people to see. */
  entries(): CalibrationEntry[] {
    return [...this.#entries].map(([key, entry]) => describe(key, entry));
  }

  toJSON(): SavedCalibration {
    return {
      version: 1,
      entries: [...this.#entries].map(([key, { residuals, correction }]) => [key, correction, residuals]),
    };
  }

  /**
   * Takes over what was saved, except where something was learned here: that is newer, or as good. Entries that
   * cannot be read are left out; false where the whole is nothing that was saved.
   */
  restore(saved: unknown): boolean {
    if (typeof saved !== 'object' || saved === null || !('version' in saved) || saved.version !== 1)
      return false;
    if (!('entries' in saved) || !Array.isArray(saved.entries)) return false;
    const own = [...this.#entries].filter(([, { isOwn }]) => isOwn);
    const entries: readonly unknown[] = saved.entries;
    for (const entry of entries) {
      const [key, read] = readEntry(entry) ?? [];
      if (key !== undefined && read !== undefined) this.#keep(key, read);
    }
    // What is used here is dropped last.
    for (const [key, entry] of own) this.#keep(key, entry);
    return true;
  }

  #learn(
    model: string,
    mix: string,
    { predicted, actual }: Observation,
    next: (before: number, residuals: readonly number[]) => number,
  ): void {
    if (!isCount(predicted) || !isCount(actual)) return;
    const before = this.#entryOf(model, mix);
    const residuals = [...before.residuals, actual - predicted].slice(-remembered);
    const entry = { residuals, correction: next(before.correction, residuals), isOwn: true };
    const key = keyOf(model, mix);
    this.#keep(key, entry);
    if (!isSame(before, entry))
      this.#onChange({ ...describe(key, entry), before: Math.round(before.correction) });
  }

  #entryOf(model: string, mix: string): Entry {
    return this.#entries.get(keyOf(model, mix)) ?? nothing;
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

function describe(key: string, { correction, residuals }: Entry): CalibrationEntry {
  const [model = '', mix = ''] = key.split(separator);
  return { model, mix, correction: Math.round(correction), answers: residuals.length };
}

function isSame(one: Entry, other: Entry): boolean {
  const { residuals } = other;
  if (one.correction !== other.correction || one.residuals.length !== residuals.length) return false;
  return one.residuals.every((residual, place) => residual === residuals[place]);
}

function readEntry(entry: unknown): [key: string, read: Entry] | undefined {
  if (!Array.isArray(entry)) return undefined;
  const [key, correction, residuals]: readonly unknown[] = entry;
  if (typeof key !== 'string' || !key.includes(separator) || key.length > maxKeyLength) return undefined;
  if (!isFiniteNumber(correction) || !Array.isArray(residuals) || !residuals.every(isFiniteNumber))
    return undefined;
  return [key, { residuals: residuals.slice(-remembered), correction, isOwn: false }];
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
const maxKeyLength = 2 * maxNameLength + separator.length;

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
