// Lists, hints and marks: sorted sets that say where to look. Whoever reads them looks.
import { readSessionLua } from './lua-session.ts';

const clockLua = `
local A = cjson.decode(ARGV[3])
local call = redis.call
local time = call('TIME')
local realMs = time[1] * 1000 + math.floor(time[2] / 1000)
local nowMs, nowUs, spareMs = realMs, time[1] * 1000000 + time[2], 0
if ARGV[2] ~= '' then nowMs = tonumber(ARGV[2]); nowUs = nowMs * 1000; spareMs = 3600000 end
local function int(number) return string.format('%.0f', number) end
`;

/** What is no sorted set is damaged: nothing can be found there. */
const kindLua = `
local function isDamaged(key)
  local kind = call('TYPE', key).ok
  return kind ~= 'zset' and kind ~= 'none'
end
`;

/**
 * For each key: A[i].member comes first from now on, for forMs; only the newest stay where there is a most, and leftOut
 * says that there were more. Where the order counts (isOrdered) no two have the same place.
 */
export const enterLua = `${clockLua}${kindLua}
local before = { ARGV[1] }
for i, key in ipairs(KEYS) do
  local entry = A[i]
  local place = nowUs
  if isDamaged(key) then
    call('DEL', key)
    -- Nobody knows how many there were.
    if entry.leftOut then call('ZADD', key, '+inf', entry.leftOut) end
  end
  if entry.isOrdered then
    local top = call('ZREVRANGE', key, 0, 0, 'WITHSCORES')
    place = math.max(nowUs, (tonumber(top[2] or '') or 0) + 1)
  end
  before[#before + 1] = int(place)
  before[#before + 1] = call('ZSCORE', key, entry.member) or ''
  local isNew = call('ZADD', key, int(place), entry.member) == 1
  if entry.most and isNew and call('ZREMRANGEBYRANK', key, 0, -1 - entry.most) > 0 and entry.leftOut then
    call('ZADD', key, '+inf', entry.leftOut)
  end
  local left = call('PTTL', key)
  local wanted = entry.forMs + spareMs
  -- With something on top, so that it need not be prolonged every time.
  if left == -1 or (left >= 0 and left < wanted) then call('PEXPIRE', key, int(wanted + wanted / 16)) end
end
return before
`;

/** For each key: as it was, unless somebody came since. A[i]: member, place, before */
export const takeBackLua = `${clockLua}${kindLua}
for i, key in ipairs(KEYS) do
  local entry = A[i]
  local place = not isDamaged(key) and call('ZSCORE', key, entry.member)
  if place and tonumber(place) == tonumber(entry.place) then
    if entry.before == '' then call('ZREM', key, entry.member) else call('ZADD', key, entry.before, entry.member) end
  end
end
return { ARGV[1] }
`;

/** For each key: A[i].members go, with isOld only what was entered a while ago; with isOthers all others do. */
export const strikeLua = `${clockLua}${kindLua}
for i, key in ipairs(KEYS) do
  local entry = A[i]
  local isHere = not isDamaged(key)
  if isHere and entry.isOthers then
    for _, member in ipairs(call('ZRANGE', key, 0, -1)) do
      if member ~= entry.members[1] then call('ZREM', key, member) end
    end
  elseif isHere then
    for _, member in ipairs(entry.members) do
      local place = tonumber(call('ZSCORE', key, member) or '')
      if place and not (entry.isOld and place > nowUs - 60000000) then call('ZREM', key, member) end
    end
  end
end
return { ARGV[1] }
`;

/** For each key, at least so long. A[i].forMs */
export const prolongLua = `${clockLua}
for i, key in ipairs(KEYS) do
  local left = call('PTTL', key)
  local wanted = A[i].forMs + spareMs
  if left >= 0 and left < wanted then call('PEXPIRE', key, int(wanted)) end
end
return { ARGV[1] }
`;

/**
 * For each family what is said of some of its sessions, those that live; with `newest`, only those that no other of the
 * family was used after, among those with that label where one is given. Of one that cannot be read only that: -1. A[i]: handles, isNewest, label?
 */
export const describeLua = `${readSessionLua}${clockLua}
local all = { ARGV[1] }
for i, F in ipairs(KEYS) do
  local isHash = call('TYPE', F).ok == 'hash'
  local function get(field) return isHash and call('HGET', F, field) end
  local asked, found = A[i], {}
  local function session(handle)
    local s = readSession(get('s:' .. handle))
    if s and s.e > nowMs then return s end
    return nil
  end
  local newest = nil
  if asked.isNewest then
    local list, latest = get('S') or '', 0
    for at = 1, #list, 3200 do
      local fields = {}
      for from = at, math.min(at + 3199, #list), 16 do fields[#fields + 1] = 's:' .. string.sub(list, from, from + 15) end
      for index, packed in ipairs(call('HMGET', F, unpack(fields))) do
        local s = readSession(packed)
        if s and s.e > nowMs and s.o > latest and (not asked.label or s.b == asked.label) then
          newest, latest = string.sub(fields[index], 3), s.o
        end
      end
    end
  end
  for _, handle in ipairs(asked.handles) do
    local s = session(handle)
    local packed = get('s:' .. handle)
    if packed and not readSession(packed) then
      found[#found + 1] = { -1, handle }
    elseif s then
      local isShown = not asked.isNewest or handle == newest
      found[#found + 1] = { isShown and 1 or 0,
        s.i, handle, int(s.v), int(s.c), int(s.u), int(s.e), s.m and int(s.m) or '', (get('e') or '') .. '.' .. s.g, int(s.l),
        s.p or '', s.y, s.t, get('c:' .. handle) or '', get('d:' .. handle) or '', int(s.o) }
    end
  end
  all[#all + 1] = found
end
return all
`;

/** A request's key. KEYS: claim. A: holder, fingerprint, ttlMs */
export const claimLua = `${clockLua}
local key = KEYS[1]
local found = call('HMGET', key, 'holder', 'fingerprint', 'until', 'text')
local untilMs = tonumber(found[3] or '') or 0
if untilMs > nowMs then
  if found[4] then return { ARGV[1], 'answered', found[2], found[4] } end
  if found[1] ~= A.holder then return { ARGV[1], 'running', found[2] } end
end
call('DEL', key)
call('HSET', key, 'holder', A.holder, 'fingerprint', A.fingerprint, 'until', int(nowMs + A.ttlMs))
-- Whoever was silent for too long may still end it, where nobody came meanwhile.
call('PEXPIRE', key, int(A.ttlMs + 60000 + spareMs))
return { ARGV[1], 'claimed' }
`;

/** KEYS: claim. A: holder, ttlMs? ARGV[4]: the answer, where there is one */
export const settleLua = `${clockLua}
local key = KEYS[1]
local found = call('HMGET', key, 'holder', 'text')
if found[2] or found[1] ~= A.holder then return { ARGV[1] } end
if not A.ttlMs then
  call('DEL', key)
else
  call('HSET', key, 'text', ARGV[4], 'until', int(nowMs + A.ttlMs))
  call('PEXPIRE', key, int(A.ttlMs + spareMs))
end
return { ARGV[1] }
`;

/** Unless the key runs again. KEYS: claims */
export const forgetAnswerLua = `
for _, key in ipairs(KEYS) do
  if redis.call('HEXISTS', key, 'text') == 1 then redis.call('UNLINK', key) end
end
return { ARGV[1] }
`;

/** For each family what it takes in memory, judged by some of its fields. */
export const sizeLua = `
local sizes = { ARGV[1] }
for i, key in ipairs(KEYS) do sizes[i + 1] = redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 50) or 0 end
return sizes
`;

/** One command on one key. ARGV from 4 on: the command, and what follows the key */
export const commandLua = `
local args = {}
for at = 5, #ARGV do args[at - 4] = ARGV[at] end
return { ARGV[1], redis.call(ARGV[4], KEYS[1], unpack(args)) }
`;
