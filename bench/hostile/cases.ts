// What is sent: every field of every route's schema, filled with each of the texts; and what only a hand can think of.
import { type Field, type FieldKind, fieldsOf } from './fields.ts';
import { invented } from './invented.ts';
import { bodies } from './routes.ts';
import { arrays, numbers, objects, type Sized, strings } from './texts.ts';

export interface Case {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  /** What it brings is kept, so that its memory is the store's. */
  readonly isStored: boolean;
  readonly body: () => string;
}

const texts: Readonly<Record<FieldKind, readonly Sized[]>> = {
  array: arrays,
  object: objects,
  string: strings,
  number: numbers,
};

export function* casesOf(maxBytes: number): Generator<Case> {
  for (const { name, method, path, contentType, schema, example } of bodies) {
    for (const field of [...fieldsOf(schema), { path: 'surprise', kinds: everyKind }]) {
      for (const kind of field.kinds) {
        for (const text of texts[kind]) {
          for (const size of text.sizes) {
            const bytes = Math.floor(maxBytes * size) - 4096;
            yield {
              name: `${name} ${field.path}: ${text.name}${size === 1 ? '' : `, ${size} of it`}`,
              method,
              path,
              contentType,
              isStored: false,
              body: () => fill(example, field, text.make(bytes)),
            };
          }
        }
      }
    }
  }
  for (const { name, path = '/v1/chat/completions', make } of invented) {
    for (const size of [1, 0.1, 0.01]) {
      const contentType = path.includes('import') ? 'application/jsonl' : 'application/json';
      const body = () => make(Math.floor(maxBytes * size) - 4096);
      yield {
        name: `${name}${size === 1 ? '' : `, ${size} of it`}`,
        method: 'POST',
        path,
        contentType,
        isStored: path.includes('import'),
        body,
      };
    }
  }
}

const everyKind: ReadonlySet<FieldKind> = new Set(['array', 'object', 'string', 'number']);

/** The example with the text at the field's place; the steps to it are made where the example lacks them. */
function fill(example: object, { path }: Pick<Field, 'path'>, text: string): string {
  const mark = '@here@';
  const steps = path.split(/(?=\[\])|\./).filter(step => step !== '');
  const filled = place(structuredClone(example), steps, mark);
  return JSON.stringify(filled).replace(`"${mark}"`, () => text);
}

function place(value: unknown, [step, ...rest]: readonly string[], mark: string): unknown {
  if (step === undefined) return mark;
  if (step === '[]') {
    const [first] = Array.isArray(value) ? value : [];
    return [place(first, rest, mark)];
  }
  const fields = Object(value) as Record<string, unknown>;
  return { ...fields, [step]: place(fields[step], rest, mark) };
}
