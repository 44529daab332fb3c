// Names of keys. Whatever an owner, a user or an id holds, what is made of them is a digest: no two meet, and none says
// more than it should. The braces choose the slot of a cluster, so that all of a family lies on one node.
import { hash } from 'node:crypto';
import type { SessionKey, Space } from '../../conversation/session.ts';

/** 132 bits. */
export type Tag = string;

export interface FamilyKeys {
  readonly tag: Tag;
  /** Sessions, messages, turns and marks: one hash, which goes as a whole or not at all. */
  readonly family: string;
  /** When sessions of the family expired, or will. */
  readonly tombstones: string;
  /** In which family the session of this very name lives, where it is not this one. */
  readonly pointer: string;
  /** Who holds the sessions of this very name. */
  readonly holds: string;
  /** Names that were to be begun here and must not any more. */
  readonly revoked: string;
}

/** What stands for parts that may hold anything, and be absent. */
export function tagOf(...parts: readonly (string | undefined)[]): Tag {
  // As JSON, which keeps apart what UTF-8 would not: half a surrogate pair.
  return digest(JSON.stringify(parts.map(part => part ?? null)), 22);
}

/** Within a family. */
export function shortTagOf(...parts: readonly (string | undefined)[]): Tag {
  return digest(JSON.stringify(parts.map(part => part ?? null)), 16);
}

function digest(text: string, length: number): string {
  return hash('sha256', text, 'base64url').slice(0, length);
}

export const claimTag = ({ owner, user }: Space, key: string) => tagOf('mark', owner, user, key);

export class Keys {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The family that begins with a session of this id, and the home of that name. */
  family({ owner, user, id }: SessionKey): FamilyKeys {
    return this.ofTag(tagOf('family', owner, user, id));
  }

  ofTag(tag: Tag): FamilyKeys {
    const slot = `${this.#prefix}:{${tag}}`;
    return {
      tag,
      family: `${slot}:f`,
      tombstones: `${slot}:x`,
      pointer: `${slot}:p`,
      holds: `${slot}:b`,
      revoked: `${slot}:v`,
    };
  }

  hint(hint: string): string {
    return `${this.#prefix}:{${tagOf('hint', hint)}}:h`;
  }

  mark({ owner, user }: Space, key: string): string {
    return `${this.#prefix}:{${tagOf('mark', owner, user, key)}}:k`;
  }

  claim(space: Space, key: string): string {
    return this.claimOf(claimTag(space, key));
  }

  claimOf(tag: Tag): string {
    return `${this.#prefix}:{${tag}}:c`;
  }

  answers(owner: string): string {
    return `${this.#prefix}:{${tagOf('answers', owner)}}:a`;
  }

  ownerList(owner: string): string {
    return this.#list('owner', owner);
  }

  spaceList(owner: string, user: string | undefined): string {
    return this.#list('space', owner, user);
  }

  labelList(owner: string, label: string): string {
    return this.#list('label', owner, label);
  }

  users(owner: string, id: string): string {
    return `${this.#prefix}:{${tagOf('users', owner, id)}}:u`;
  }

  note(name: string): string {
    return `${this.#prefix}:{${tagOf('note', name)}}:n`;
  }

  #list(...parts: readonly (string | undefined)[]): string {
    return `${this.#prefix}:{${tagOf(...parts)}}:l`;
  }
}
