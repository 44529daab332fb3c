// The command line.
import { parseArgs } from 'node:util';

export interface Options {
  readonly rounds: number;
  /** How long one load is kept up; a round has some twenty. */
  readonly seconds: number;
  /** Begin of the names of the rows to run; all if empty. */
  readonly only: string;
  readonly fullStore: number;
  readonly warmUnits: number;
  /** No round is begun that would end later. */
  readonly maxSeconds: number;
  /** Where the proxy's CPU profile is written; none if undefined. */
  readonly cpuProf: string | undefined;
}

export const help = `npm run bench -- [options]
  --rounds N      rounds (5)
  --seconds S     length of one load (0.5)
  --only ROW      rows whose names begin so
  --quick         one round of 0.25 s, nothing warm: shows that it works, not what it costs
  --cpu-prof DIR  write a CPU profile of the proxy there
`;

/** @throws TypeError for options that are not understood. */
export function readOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      'cpu-prof': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick } = values;
  return {
    rounds: readNumber('rounds', values.rounds ?? (quick ? '1' : '5'), 100),
    seconds: readNumber('seconds', values.seconds ?? (quick ? '0.25' : '0.5'), 60),
    only: values.only,
    fullStore: quick ? 200 : 10_000,
    warmUnits: quick ? 0 : 10_000,
    maxSeconds: values.rounds === undefined && values.seconds === undefined ? (quick ? 15 : 85) : 3600,
    cpuProf: values['cpu-prof'],
  };
}

function readNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= max))
    throw new TypeError(`--${name}: must be a number above 0, at most ${max}`);
  return value;
}
