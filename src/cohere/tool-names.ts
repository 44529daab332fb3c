// Cohere takes tool names of `[A-Za-z0-9_]` without a leading digit; MCP and editor clients use hyphens and dots
// (`mcp--server--tool`). Names are rewritten for one call and turned back in its answer.

const legal = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The same name always becomes the same plain name, so that the prompt's prefix and its cache stay. */
export function plainName(name: string): string {
  if (legal.test(name)) return name;
  const plain = name.replace(/[^A-Za-z0-9_]/g, '_');
  return /^[0-9]/.test(plain) || plain === '' ? `_${plain}` : plain;
}

export class ToolNames {
  readonly #toCohere = new Map<string, string>();
  readonly #fromCohere = new Map<string, string>();
  /** How far each plain name was counted on: very many may share one. */
  readonly #counts = new Map<string, number>();
  /** True while every name has its plain form, i.e. none had to give way to another. */
  #isPlain = true;

  /** Earlier names win: give the offered tools first, then the names that only the history holds. */
  constructor(names: Iterable<string>) {
    const unique = [...new Set(names)];
    // Legal names first: they cannot give way, since the history of other calls may hold them as they are.
    for (const name of unique) if (legal.test(name)) this.#add(name, name);
    for (const name of unique) if (!legal.test(name)) this.#add(name, this.#free(plainName(name)));
  }

  get isPlain(): boolean {
    return this.#isPlain;
  }

  toCohere(name: string): string {
    return this.#toCohere.get(name) ?? plainName(name);
  }

  /** A name that we did not send (the model made it up) stays as it is. */
  fromCohere(name: string): string {
    return this.#fromCohere.get(name) ?? name;
  }

  #add(name: string, cohereName: string): void {
    this.#toCohere.set(name, cohereName);
    this.#fromCohere.set(cohereName, name);
  }

  #free(wanted: string): string {
    let name = wanted;
    let count = this.#counts.get(wanted) ?? 1;
    while (this.#fromCohere.has(name)) {
      this.#isPlain = false;
      count += 1;
      name = `${wanted}_${count}`;
    }
    this.#counts.set(wanted, count);
    return name;
  }
}
