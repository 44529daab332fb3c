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
if s and not segment(s.g) then return answer('corrupt') end

local isNewFamily = not epoch
if isNewFamily then call('HSET', F, 'e', A.newName) end
local order = math.max(nowUs, (tonumber(get('u') or '') or 0) + 1)
call('HSET', F, 'u', int(order))

local n = s and s.g
if not s or isCut or segment(n).b ~= s.l then
  -- Where the messages that stay end, another segment goes on.
  local parent = base or '0'
  while parent ~= '0' do
    local g = segment(parent)
    if keep > g.a then break end
    parent = g.p
  end
  n = int(call('HINCRBY', F, 'q', 1))
  putSegment(n, { p = parent, a = keep, b = keep })
  call('HSET', F, 'G', (get('G') or '') .. ' ' .. n)
end
local fields = {}
for place = 1, added do
  fields[#fields + 1] = 'm:' .. n .. ':' .. int(keep + place - 1)
  fields[#fields + 1] = ARGV[11 + place]
  if #fields >= 200 or place == added then
    call('HSET', F, unpack(fields))
    fields = {}
  end
end
local g = segment(n)
g.b = keep + added
putSegment(n, g)

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

retain(A.system, systemJson)
retain(A.tools, toolsJson)
local now = goesOn and handle or A.newHandle
if goesOn then
  release(s.y)
  release(s.t)
else
  call('HSET', F, 'S', (get('S') or '') .. now, 'c:' .. now, s and get('c:' .. handle) or firstJson)
end
if isLeft then
  s.i, s.n = leftJson, A.left
  putSession(handle, s)
  call('HSET', F, 'n:' .. A.left, handle)
  bury(A.left, s.e)
end
putSession(now, nextSession)
local turns = (s and known or '') .. A.turn .. ' ' .. int(nextSession.v) .. '\\n'
local newest = {}
for line in string.gmatch(turns, '[^\\n]+\\n') do newest[#newest + 1] = line end
call('HSET', F, 'n:' .. A.id, now, 'd:' .. now, turnJson,
  't:' .. A.id, table.concat(newest, '', math.max(1, #newest - 63)))

if A.mark then
  sweepMarks()
  forgetMark(A.mark)
  local first = (s or A.shared) and keep or math.min(A.keep, added)
  call('HSET', F, 'K', (get('K') or '') .. A.mark, 'j:' .. A.mark, markJson, 'k:' .. A.mark,
    cmsgpack.pack({ h = now, v = nextSession.v, x = nowMs + A.markMs, g = n, a = first, b = keep + added, y = A.system }))
  retain(A.system, systemJson)
end

bury(A.id, nextSession.e)
if isCut and not isLeft then
  collect()
else
  local due = tonumber(get('z') or '') or nextSession.e
  if #(get('S')) == 16 then due = nextSession.e end
  call('HSET', F, 'z', int(math.min(due, nextSession.e)))
  keepUntil(F, nextSession.e)
end
letGo(A.id, A.holder)
return answer('appended', describe(now, nextSession))
`;
