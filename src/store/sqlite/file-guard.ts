// Whether the files on the disk are still those that were opened: what is written to others, nobody finds again.
import { statSync } from 'node:fs';

export class FileGuard {
  readonly #files: ReadonlyMap<string, string | undefined>;

  /** Once they are open. */
  constructor(path: string, realPath: string) {
    const paths = [path, `${realPath}-wal`];
    this.#files = new Map(paths.map(file => [file, identityOf(file)]));
  }

  /** What is wrong with them. */
  check(): string | undefined {
    for (const [file, identity] of this.#files)
      if (identityOf(file) !== identity)
        return 'The file of the session store was moved, removed or replaced. Put it back, or start the proxy again.';
    return undefined;
  }
}

function identityOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file);
    return `${dev}.${ino}`;
  } catch {
    return undefined;
  }
}
