// Scripts that servers run, each known to them by its digest.
import { hash } from 'node:crypto';
import { appendLua } from './lua-append.ts';
import {
  claimLua,
  commandLua,
  describeLua,
  enterLua,
  forgetAnswerLua,
  prolongLua,
  settleLua,
  sizeLua,
  strikeLua,
  takeBackLua,
} from './lua-index.ts';
import { claimNameLua, revokeLua, unpointLua } from './lua-names.ts';
import { deleteLua, letGoLua, openLua, recallLua, setIdleLua } from './lua-open.ts';

export interface Script {
  readonly text: string;
  readonly sha: string;
}

const script = (text: string): Script => ({ text, sha: hash('sha1', text) });

export const scripts = {
  append: script(appendLua),
  claim: script(claimLua),
  claimName: script(claimNameLua),
  command: script(commandLua),
  delete: script(deleteLua),
  describe: script(describeLua),
  enter: script(enterLua),
  forgetAnswer: script(forgetAnswerLua),
  letGo: script(letGoLua),
  open: script(openLua),
  prolong: script(prolongLua),
  recall: script(recallLua),
  revoke: script(revokeLua),
  setIdle: script(setIdleLua),
  settle: script(settleLua),
  size: script(sizeLua),
  strike: script(strikeLua),
  takeBack: script(takeBackLua),
  unpoint: script(unpointLua),
} as const;
