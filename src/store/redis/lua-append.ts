// One turn, whole or not at all: everything is looked at before anything is written.
import { familyLua } from './lua-family.ts';

/**
 * A: id, turn (tag), version (expected), handle? (the one meant), going? (the one that is to go on), newHandle, newName,
 * keep, shared? (segment), length? (of the shared), system, tools, left? (tag), isLeftFree, leftSeq?, isLeftHome, seq?
 * and claimedMs? (of the claimed name), holder?, isHeld (by another, where the name is at home), isHome, idleMs?,
 * livesMs, mark?, markMs?, isTooLarge, isOnly (nothing is begun)
 *
 * ARGV from 4 on: id, system, tools, first turn, this turn, left id, parent id, what the mark recalls; messages.
 */
export const appendLua = `${familyLua}
-- Of another type, it would end the script after the turn was written.
call('HGET', X, A.id)
sweep()
local idJson, systemJson, toolsJson, firstJson, turnJson = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local leftJson, parentJson, markJson = ARGV[9], ARGV[10], ARGV[11]
local added = #ARGV - 11
local handle, s = living(A.id)
local known = get('t:' .. A.id) or ''
local at = s and string.find(known, A.turn .. ' ', 1, true)
if at then
  letGo(A.id, A.holder)
  -- Something is written, so that replicas that are waited for after this have the turn.
  call('PEXPIREAT', F, call('PEXPIRETIME', F))
  return answer('duplicate', string.match(known, '^(%d+)', at + #A.turn + 1), describe(handle, s))
end
if (s and s.v or 0) ~= A.version then return answer('conflict') end
if A.handle and A.handle ~= handle then return answer('conflict') end
local other = holderOf(A.id)
if A.isHeld or (other and other ~= A.holder) then return answer('conflict') end
if not s then
  if A.isOnly then return answer('absent') end
  if A.isHome then
    local pointer = call('GET', P)
    if pointer then return answer('pointed', pointer) end
  else
    local revoked = tonumber(call('HGET', V, A.id) or '')
    if (revoked and A.seq <= revoked) or nowMs - A.claimedMs > 30000 then return answer('conflict') end
  end
end

local keep = s and math.min(A.keep, s.l) or (A.shared and A.length) or 0
local isCut = s and keep < s.l
local isLeft = isCut and A.left and true or false
if (s and not isLeft and handle or '') ~= (A.going or '') then return answer('replan') end
if isLeft then
  if not A.isLeftFree or living(A.left) then return answer('conflict') end
  if A.isLeftHome then
    local pointer = call('GET', P)
    if pointer then return answer('pointed', pointer) end
  else
    local revoked = tonumber(call('HGET', V, A.left) or '')
    if revoked and A.leftSeq <= revoked then return answer('conflict') end
  end
end
if A.isTooLarge then return answer('too-large') end

local epoch = get('e')
local base = nil
if not s and A.shared then
  local name, n = string.match(A.shared, '^(.*)%.(%d+)$')
  local g = epoch and name == epoch and segment(n)
  if not g or g.b < keep then return answer('unshared') end
  base = n
elseif s then
  base = s.g
end
if systemJson == '' and call('HEXISTS', F, 'h:' .. A.system) == 0 then return answer('corrupt') end
if toolsJson == '' and call('HEXISTS', F, 'h:' .. A.tools) == 0 then return answer('corrupt') end
local n = s and s.g
local g = n and segment(n)
if s and not g then return answer('corrupt') end

local fields = {}
local function write(field, value)
  fields[#fields + 1] = field
  fields[#fields + 1] = value
  if #fields >= 400 then call('HSET', F, unpack(fields)); fields = {} end
end
if not epoch then write('e', A.newName) end
local order = math.max(nowUs, (tonumber(get('u') or '') or 0) + 1)
write('u', int(order))

if not s or isCut or g.b ~= s.l then
  -- Where the messages that stay end, another segment goes on.
  local parent = base or '0'
  while parent ~= '0' do
    local above = segment(parent)
    if keep > above.a then break end
    parent = above.p
  end
  n = int(call('HINCRBY', F, 'q', 1))
  g = { p = parent, a = keep, b = keep }
  write('G', (get('G') or '') .. ' ' .. n)
end
for place = 1, added do write('m:' .. n .. ':' .. int(keep + place - 1), ARGV[11 + place]) end
g.b = keep + added
write('g:' .. n, writeSegment(g))

local goesOn = s and not isLeft
local own = A.idleMs
if s then own = s.m end
local at = math.max(nowMs, s and s.u or 0)
local nextSession = {
  i = idJson, n = A.id, v = A.version + 1, c = s and s.c or at, u = at, e = at + (own or A.livesMs), m = own, g = n,
  l = keep + added, y = A.system, t = A.tools, o = order, b = A.label or ''
}
if s then nextSession.b = s.b end
if isLeft then nextSession.p = leftJson
elseif s then nextSession.p = s.p
elseif parentJson ~= '' then nextSession.p = parentJson end

local now = goesOn and handle or A.newHandle
if not (goesOn and s.y == A.system and s.t == A.tools) then
  retain(A.system, systemJson)
  retain(A.tools, toolsJson)
  if goesOn then
    release(s.y)
    release(s.t)
  end
end
local all = get('S') or ''
if not goesOn then
  all = all .. now
  write('S', all)
  write('c:' .. now, s and get('c:' .. handle) or firstJson)
end
if isLeft then
  s.i, s.n = leftJson, A.left
  write('s:' .. handle, cmsgpack.pack(s))
  write('n:' .. A.left, handle)
  bury(A.left, s.e)
end
-- The newest 64 at least, each of 25 characters at most.
local turns = (s and known or '') .. A.turn .. ' ' .. int(nextSession.v) .. '\\n'
if #turns > 1600 then turns = string.sub(turns, string.find(turns, '\\n', #turns - 1600, true) + 1) end
write('n:' .. A.id, now)
write('s:' .. now, cmsgpack.pack(nextSession))
write('d:' .. now, turnJson)
write('t:' .. A.id, turns)

if A.mark then
  sweepMarks()
  forgetMark(A.mark)
  retain(A.system, systemJson)
  local first = (s or A.shared) and keep or math.min(A.keep, added)
  write('K', (get('K') or '') .. A.mark)
  write('j:' .. A.mark, markJson)
  write('k:' .. A.mark, cmsgpack.pack({
    h = now, v = nextSession.v, x = nowMs + A.markMs, g = n, a = first, b = keep + added, y = A.system
  }))
end
local due = tonumber(get('z') or '') or nextSession.e
if #all == 16 then due = nextSession.e end
write('z', int(math.min(due, nextSession.e)))
if #fields > 0 then call('HSET', F, unpack(fields)) end

bury(A.id, nextSession.e)
if isCut and not isLeft then collect() else keepUntil(F, nextSession.e) end
letGo(A.id, A.holder)
return answer('appended', describe(now, nextSession))
`;
