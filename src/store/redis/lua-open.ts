// Reading a session, and holding it.
import { familyLua } from './lua-family.ts';

/**
 * A: id, holder?, ttlMs?, isHome, segment? and length? that are known, texts that are known, from? where a reading goes
 * on, maxBytes, isBrief?
 */
export const openLua = `${familyLua}
if A.holder and A.isHome then
  local other = holderOf(A.id)
  if other and other ~= A.holder then return answer('busy') end
  hold(A.id, A.holder, A.ttlMs)
end
local handle, s = living(A.id)
if not s then
  sweep()
  local pointer = A.isHome and call('GET', P)
  return answer(pointer and 'pointed' or 'missing', isBuried(A.id) and 'expired' or 'missing', pointer or '')
end
-- What is held does not expire meanwhile.
if A.holder and s.e < nowMs + A.ttlMs then
  s.e = nowMs + A.ttlMs
  putSession(handle, s)
  keepUntil(F, s.e)
  if call('HEXISTS', X, A.id) == 1 then bury(A.id, s.e) end
end
if A.isBrief then return answer('found', describe(handle, s)) end

local from = 0
if A.from then
  from = A.from
elseif A.segment == get('e') .. '.' .. s.g and A.length <= s.l then
  from = A.length
end
local parts, n, last = {}, s.g, s.l
while n ~= '0' and last > from do
  local g = segment(n)
  if not g then return answer('corrupt') end
  if g.a < last then table.insert(parts, 1, { n, math.max(g.a, from), last }) end
  n, last = g.p, math.min(last, g.a)
end
if last > from then return answer('corrupt') end

local messages, bytes = {}, 0
for _, part in ipairs(parts) do
  local place = part[2]
  while place < part[3] and bytes < A.maxBytes do
    local fields = {}
    while #fields < 64 and place < part[3] do
      fields[#fields + 1] = 'm:' .. part[1] .. ':' .. int(place)
      place = place + 1
    end
    for _, text in ipairs(call('HMGET', F, unpack(fields))) do
      if not text then return answer('corrupt') end
      messages[#messages + 1] = text
      bytes = bytes + #text
    end
  end
end
local known, texts = {}, {}
for _, digest in ipairs(A.texts) do known[digest] = true end
for _, digest in ipairs({ s.y, s.t }) do
  if not known[digest] then
    known[digest] = true
    local json = get('h:' .. digest)
    if not json then return answer('corrupt') end
    texts[#texts + 1] = digest
    texts[#texts + 1] = json
  end
end
return answer('found', describe(handle, s), int(from), messages, texts)
`;

/** A: id, holder */
export const letGoLua = `${familyLua}
letGo(A.id, A.holder)
return answer('done')
`;

/** A: id, idleMs?, livesMs */
export const setIdleLua = `${familyLua}
sweep()
local handle, s = living(A.id)
if not s then return answer('missing') end
s.m = A.idleMs
s.e = s.u + A.livesMs
putSession(handle, s)
if call('HEXISTS', X, A.id) == 1 then bury(A.id, s.e) end
collect()
local record = describe(handle, s)
sweep()
return answer('set', record)
`;

/** A: id. What is damaged can be deleted, too: then nothing is told of it. */
export const deleteLua = `${familyLua}
local function kindOf(key) return call('TYPE', key).ok end
for key, kind in pairs({ [X] = 'hash', [B] = 'hash', [V] = 'hash', [P] = 'string' }) do
  if kindOf(key) ~= kind then call('DEL', key) end
end
if kindOf(F) ~= 'hash' and kindOf(F) ~= 'none' then
  call('HDEL', X, A.id)
  call('UNLINK', F)
  return answer('removed')
end

-- Also those that their name does not lead to any more.
local function livingOf(id)
  local found = {}
  for _, handle in ipairs(handles()) do
    local s = session(handle)
    if s and s.n == id and s.e > nowMs then found[#found + 1] = handle end
  end
  return found
end
local function deleteIntact()
  sweep()
  local handle, s = living(A.id)
  if not s then return nil end
  local record = describe(handle, s)
  remove(handle, s)
  without('S', handle)
  call('HDEL', X, A.id)
  collect()
  return record
end
-- Without a look at what it held: that goes with the last of the family.
local function deleteDamaged(damaged)
  call('HDEL', X, A.id)
  call('HDEL', F, 'n:' .. A.id, 't:' .. A.id)
  for _, handle in ipairs(damaged) do
    call('HDEL', F, 's:' .. handle, 'c:' .. handle, 'd:' .. handle)
    if #handle == 16 then without('S', handle) end
  end
  if isAnyNamed() then pcall(collect) else call('UNLINK', F) end
end

local named = get('n:' .. A.id)
local isDone, record = pcall(deleteIntact)
if isDone and record then return answer('deleted', record) end
if not isDone and string.find(type(record) == 'table' and record.err or record, 'OOM', 1, true) then error(record) end
local damaged = livingOf(A.id)
if #damaged == 0 and (isDone or not named) then return answer('missing') end
-- Where its name leads to another's, that stays.
if named and not session(named) then damaged[#damaged + 1] = named end
deleteDamaged(damaged)
return answer('removed')
`;

/** A: mark */
export const recallLua = `${familyLua}
local m = mark(A.mark)
local s = m and m.x > nowMs and session(m.h)
if not s or s.e <= nowMs then return answer('missing') end
local messages = {}
for place = m.a, m.b - 1 do
  local text = get('m:' .. m.g .. ':' .. int(place))
  if not text then return answer('corrupt') end
  messages[#messages + 1] = text
end
return answer('found', get('j:' .. A.mark) or '', int(m.v), describe(m.h, s), int(m.a), messages, get('h:' .. m.y) or '')
`;
