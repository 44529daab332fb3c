// Before all tests: the vocabulary of the installed package is prepared once. A proxy that stops again at once never
// comes to the end of it, so that on a fresh clone each start would wait for it in vain.
import { loadEncoder } from '../../src/tokens/vocabulary.ts';

export default async function prepareVocabulary(): Promise<void> {
  await loadEncoder();
}
