// Requests whose bodies are written by hand, to a proxy that answers all that it takes.
import { expectErrorShape, goodAnswer } from './outcome.ts';
import { chatPath, type Pair, startPair } from './start.ts';
import { json } from './upstream-script.ts';

/** Every call of Cohere is answered with `ok`; the model `my-own` has room for everything. */
export async function startGood(): Promise<Pair> {
  const pair = await startPair({ contexts: { 'my-own': 100_000_000 } });
  pair.fake.setDefault(() => json(goodAnswer('ok')));
  return pair;
}

/** What became of a body: status, code and the field at fault. */
export async function postRaw(
  pair: Pair,
  body: string | Buffer,
): Promise<{ status: number; code: string; param: string | null }> {
  const response = await fetch(pair.url + chatPath, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await response.text();
  if (response.status === 200) return { status: 200, code: '', param: null };
  const { error } = JSON.parse(text);
  expectErrorShape({ error, raw: text });
  return { status: response.status, code: error.code, param: error.param };
}
