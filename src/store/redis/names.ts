// A name for a session that lives in another family than its own: at its home a pointer is written first, and a pointer
// that led nowhere is revoked where it led before it is written anew.
import type { SessionKey } from '../../conversation/session.ts';
import type { Families } from './families.ts';
import { type FamilyKeys, shortTagOf } from './keys.ts';
import { scripts } from './script.ts';

export interface ClaimedName {
  readonly status: 'claimed';
  readonly seq: number;
  readonly atMs: number;
  /** By another, at its home. */
  readonly isHeld: boolean;
}

/** A session of that name lives there already. */
export interface TakenName {
  readonly status: 'taken';
  readonly family: FamilyKeys;
  readonly isHeld: boolean;
}

export interface ClaimOptions {
  readonly target: FamilyKeys;
  readonly holder: string | undefined;
  readonly forMs: number;
}

const maxRounds = 8;

export async function claimName(
  families: Families,
  key: SessionKey,
  { target, holder, forMs }: ClaimOptions,
): Promise<ClaimedName | TakenName> {
  const home = families.keys.family(key);
  const asked = {
    id: shortTagOf(key.id),
    family: target.tag,
    forMs,
    ...(holder === undefined ? {} : { holder }),
  };
  let over = '';
  for (let round = 0; ; round += 1) {
    // A session that nobody can find is lost: its name is kept as well as it is.
    const { parts } = await families.ask(scripts.claimName, home, { ...asked, over }, { isKept: true });
    const [status, held, said, atMs] = parts;
    const isHeld = held === 1;
    if (status === 'claimed') return { status, seq: Number(said), atMs: Number(atMs), isHeld };
    if (status === 'taken') return { status, family: home, isHeld };
    const pointer = readPointer(families, said);
    // Others come and go at the same name all the time: then it is not free.
    if (round >= maxRounds || !(await revoke(families, key, pointer)))
      return { status: 'taken', family: pointer.family, isHeld };
    over = pointer.seq;
  }
}

/** At its home a name needs no pointer; one that is there leads to a session, or is removed. */
export async function clearHome(
  families: Families,
  key: SessionKey,
  pointer: unknown,
): Promise<TakenName | undefined> {
  const { family, seq } = readPointer(families, pointer);
  if (!(await revoke(families, key, { family, seq }))) return { status: 'taken', family, isHeld: false };
  await families.ask(scripts.unpoint, families.keys.family(key), { pointer });
  return undefined;
}

function readPointer(families: Families, pointer: unknown) {
  const [tag = '', seq = '0'] = String(pointer).split(' ');
  return { family: families.keys.ofTag(tag), seq };
}

/** False where the session lives there. */
async function revoke(
  families: Families,
  key: SessionKey,
  { family, seq }: { readonly family: FamilyKeys; readonly seq: string },
): Promise<boolean> {
  const asked = { id: shortTagOf(key.id), seq: Number(seq) };
  const { parts } = await families.ask(scripts.revoke, family, asked);
  return parts[0] === 'revoked';
}
