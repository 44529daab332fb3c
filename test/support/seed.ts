// Every random choice of the tests comes from one seed. It is printed where it is first used, so that a failure can
// be repeated: `TEST_SEED=… npx vitest run …`.

function chooseSeed(): number {
  const given = process.env.TEST_SEED;
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32)
    throw new Error('TEST_SEED must be a whole number below 2^32');
  return seed;
}

let chosen: number | undefined;

function testSeed(): number {
  if (chosen === undefined) {
    chosen = chooseSeed();
    process.stdout.write(`TEST_SEED=${chosen}\n`);
  }
  return chosen;
}

/** Numbers in [0, 1). Each name has its own sequence, so that tests do not depend on the order in which they run. */
export function randomSource(name: string): () => number {
  let state = testSeed();
  for (const character of name) state = mix(state ^ (character.codePointAt(0) ?? 0));
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    return mix(state) / 2 ** 32;
  };
}

/** A finaliser of the murmur kind: neighbours in, strangers out. */
function mix(value: number): number {
  let mixed = value >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
