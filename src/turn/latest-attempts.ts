// Which attempt came last for a request whose client repeats it by itself. People say the same words twice ("go on"):
// where the second time failed, its repeat must not be answered with what the first time was.
import type { Space, TurnMark } from '../conversation/session.ts';

const maxKept = 10_000;

export class LatestAttempts {
  /** Turns by request, the longest not heard of first. Of this process: others cannot know. */
  readonly #kept = new Map<string, string>();

  note(mark: TurnMark, space: Space, sessionId: string | undefined, turnId: string): void {
    const name = nameOf(mark, space, sessionId);
    this.#kept.delete(name);
    this.#kept.set(name, turnId);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > maxKept && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Whether that turn may be what the latest attempt led to. */
  isOf(mark: TurnMark, space: Space, sessionId: string | undefined, turnId: string): boolean {
    const latest = this.#kept.get(nameOf(mark, space, sessionId));
    return latest === undefined || latest === turnId;
  }
}

function nameOf({ key }: TurnMark, { owner, user }: Space, sessionId: string | undefined): string {
  return JSON.stringify([owner, user, sessionId, key]);
}
