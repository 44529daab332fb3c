// What a flag or a variable says → a value. Whether the value is any good, config.ts knows.

/** Its message ends the line that begins with the name of the setting. */
export class BadValue extends Error {}

export function wholeNumber(text: string, min = 0): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : -1;
  if (value < min)
    throw new BadValue(min === 0 ? 'must be a whole number' : `must be a whole number from ${min} up`);
  return value;
}

export function yesOrNo(text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw new BadValue('must be true or false');
}

/** `MODEL=TOKENS`, with commas between. */
export function contexts(text: string): Record<string, number> {
  const pairs = list(text).map(entry => {
    const { model, tokens } = /^(?<model>.+)=(?<tokens>\d{1,12})$/.exec(entry)?.groups ?? {};
    if (model === undefined) throw new BadValue('must be MODEL=TOKENS, with commas between');
    return [model, Number(tokens)] as const;
  });
  if (new Set(pairs.map(([model]) => model)).size < pairs.length)
    throw new BadValue('must name each model once');
  return Object.fromEntries(pairs);
}

/** With commas between. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map(entry => entry.trim())
    .filter(entry => entry !== '');
}
