// Names of sessions that live in another family than their own. A claim is written at the name's home before the turn
// that begins the session, with a number that rises; a claim that led nowhere is revoked before another takes its place.
import { familyLua } from './lua-family.ts';

/** A: id, family (target), over? (a claim that was revoked), holder?, forMs */
export const claimNameLua = `${familyLua}
local other = holderOf(A.id)
local isHeld = other and other ~= A.holder and 1 or 0
if living(A.id) then return answer('taken', isHeld) end
local pointer = call('GET', P)
local family, seq = string.match(pointer or '', '^(%S+) (%d+)$')
if family and family ~= A.family and seq ~= A.over then return answer('pointed', isHeld, pointer) end
local nextSeq = int(math.max(nowUs, (tonumber(seq or '') or 0) + 1))
call('SET', P, A.family .. ' ' .. nextSeq, 'KEEPTTL')
keepUntil(P, nowMs + A.forMs)
return answer('claimed', isHeld, nextSeq, int(nowMs))
`;

/** In the family that a claim names. A: id, seq */
export const revokeLua = `${familyLua}
sweep()
if living(A.id) then return answer('living') end
local revoked = tonumber(call('HGET', V, A.id) or '') or 0
call('HSET', V, A.id, int(math.max(revoked, A.seq)))
call('PEXPIRE', V, 60000)
return answer('revoked', isBuried(A.id) and 'expired' or 'missing')
`;

/** At the name's home. A: pointer, as it was read */
export const unpointLua = `${familyLua}
if call('GET', P) == A.pointer then call('DEL', P) end
return answer('done')
`;
