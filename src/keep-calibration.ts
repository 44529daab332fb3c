// What was learned of token counts, kept with the sessions. Read once at the start and written when it has changed,
// at most once a minute and at the end. Processes that share a store read before they write, so that each keeps what
// the others know; of what two have learned alike the last writer's stays: both hear the same counts from Cohere.
import type { SessionStore } from './store/session-store.ts';
import type { Calibration } from './tokens/calibration.ts';

export interface KeepCalibrationOptions {
  /** Undefined: it lives as long as the process. */
  readonly store: Pick<SessionStore, 'readNote' | 'writeNote'> | undefined;
  /** Under which it is kept. */
  readonly noteName: string;
  readonly log: {
    debug(details: object, message: string): void;
    warn(details: object, message: string): void;
  };
}

export interface KeptCalibration {
  /** Resolves when what was saved is there, cannot be had, or takes too long; then it is taken over when it comes. */
  readonly restored: Promise<void>;
  /** Writes what is not written yet. Never rejects, and does not wait for long. */
  close(): Promise<void>;
}

const saveEveryMs = 60_000;
const patienceMs = 500;

export function keepCalibration(
  calibration: Calibration,
  { store, noteName, log }: KeepCalibrationOptions,
): KeptCalibration {
  let isChanged = false;
  let isFailing = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let saving: Promise<void> | undefined;

  calibration.watch(({ mix: features, ...change }) => {
    if (change.correction !== change.before)
      log.debug({ features, ...change }, 'token counts are corrected otherwise');
    isChanged = true;
    schedule();
  });

  function schedule(): void {
    if (!store || !isChanged || isClosed || timer || saving) return;
    timer = setTimeout(() => {
      timer = undefined;
      void save();
    }, saveEveryMs).unref();
  }

  function save(): Promise<void> {
    saving ??= write().finally(() => {
      saving = undefined;
      schedule();
    });
    return saving;
  }

  async function write(): Promise<void> {
    if (!store || !isChanged) return;
    try {
      takeOver(await store.readNote(noteName));
      isChanged = false;
      await store.writeNote(noteName, JSON.stringify(calibration));
      isFailing = false;
    } catch (err) {
      isChanged = true;
      if (!isFailing) log.warn({ err }, 'what was learned of token counts cannot be saved');
      isFailing = true;
    }
  }

  async function restore(): Promise<void> {
    try {
      const note = await store?.readNote(noteName);
      if (!takeOver(note)) log.warn({}, 'what was saved of token counts is damaged; it is learned anew');
    } catch (err) {
      log.warn({ err }, 'what was saved of token counts cannot be read; it is learned anew');
    }
  }

  function takeOver(note: string | undefined): boolean {
    if (note === undefined) return true;
    try {
      return calibration.restore(JSON.parse(note));
    } catch {
      return false;
    }
  }

  return {
    restored: withPatience(restore()),
    async close() {
      isClosed = true;
      clearTimeout(timer);
      // One that runs may have begun before the last change.
      await withPatience((saving ?? Promise.resolve()).then(save));
    },
  };
}

async function withPatience(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
