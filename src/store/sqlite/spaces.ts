// Whose sessions: an owner and a `user` as numbers. Gone with the last session.
import type { Space } from '../../conversation/session.ts';
import { encodeName, encodeUser } from './names.ts';
import { integer } from './rows.ts';
import type { Tables } from './tables.ts';

export interface NumberedSpace {
  readonly owner: number;
  readonly space: number;
}

export class Spaces {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  owner(name: string): number | undefined {
    const row = this.#tables.get('SELECT no FROM owners WHERE name = ?', encodeName(name));
    return row && integer(row, 'no');
  }

  find({ owner, user }: Space): NumberedSpace | undefined {
    const row = this.#tables.get(
      `SELECT owners.no AS owner, spaces.no AS space
       FROM owners JOIN spaces ON spaces.owner = owners.no AND spaces.user = ? WHERE owners.name = ?`,
      encodeUser(user),
      encodeName(owner),
    );
    return row && { owner: integer(row, 'owner'), space: integer(row, 'space') };
  }

  begin({ owner, user }: Space): NumberedSpace {
    const ownerNo =
      this.owner(owner) ?? this.#tables.insert('INSERT INTO owners (name) VALUES (?)', encodeName(owner));
    const space = this.#tables.insert(
      'INSERT INTO spaces (owner, user) VALUES (?, ?)',
      ownerNo,
      encodeUser(user),
    );
    return { owner: ownerNo, space };
  }

  /** How many sessions the owner has, and how many bytes. */
  sizeOf(owner: number): { readonly sessions: number; readonly bytes: number } {
    const row = this.#tables.get('SELECT sessions, bytes FROM owners WHERE no = ?', owner);
    return { sessions: row ? integer(row, 'sessions') : 0, bytes: row ? integer(row, 'bytes') : 0 };
  }

  /** Nothing tells of those who have no session any more. */
  endIfEmpty({ owner, space }: NumberedSpace): void {
    const isGone = this.#tables.run(
      'DELETE FROM spaces WHERE no = ?1 AND NOT EXISTS (SELECT 1 FROM sessions WHERE space = ?1)',
      space,
    );
    if (isGone === 0) return;
    this.#tables.run(
      'DELETE FROM owners WHERE no = ?1 AND NOT EXISTS (SELECT 1 FROM spaces WHERE owner = ?1)',
      owner,
    );
  }
}
