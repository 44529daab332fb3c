import { readSessionLua } from './lua-session.ts';

// What all scripts that work on a family begin with. A family is one hash:
//
//   e, q, u      a random name of this hash, the last segment's number, the last use in µs
//   S, G, K      handles of sessions (16 characters each), numbers of segments, tags of marks (22 characters each)
//   z            when the next session expires
//   n:<id>       the handle of the session of that name (a tag of the id)
//   s: c: d: <handle>  what scripts read; what the first turn said, and what the last one said, both as JSON
//   t:<id>       the newest turns of that name, each a tag and a version
//   g:<n>        a segment: its parent, where it begins, and where it ends for those who share it
//   m:<n>:<place>      a message as it was given; nothing here reads it
//   h: r: <digest>     a shared text, and how many hold it
//   k: j: <mark>       a marked turn: where it stands, and what it is recalled as
//
// KEYS: family, tombstones, pointer, holds, revoked names. ARGV: the number of the question, the time where it is not
// the server's, and what is asked as JSON.
export const familyLua = `${readSessionLua}
local F, X, P, B, V = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local A = cjson.decode(ARGV[3])
local call = redis.call
local time = call('TIME')
local realMs = time[1] * 1000 + math.floor(time[2] / 1000)
local nowMs, nowUs, spareMs = realMs, time[1] * 1000000 + time[2], 0
if ARGV[2] ~= '' then nowMs = tonumber(ARGV[2]); nowUs = nowMs * 1000; spareMs = 3600000 end

local function int(number) return string.format('%.0f', number) end
local function get(field) return call('HGET', F, field) end
local function atReal(ms) return int(math.max(realMs + 1, realMs + ms - nowMs + spareMs)) end

-- Never shorter than it is. With something on top, so that it need not be prolonged every time.
local function keepUntil(key, ms, onTopMs)
  local left = call('PTTL', key)
  local wanted = ms - nowMs + spareMs
  if left == -1 or (left >= 0 and left < wanted) then call('PEXPIREAT', key, atReal(ms + (onTopMs or 0))) end
end

local function each(list, width)
  local parts = {}
  for at = 1, #list, width do parts[#parts + 1] = string.sub(list, at, at + width - 1) end
  return parts
end
local function handles() return each(get('S') or '', 16) end
local function markTags() return each(get('K') or '', 22) end

local function without(field, part)
  local rest = {}
  for _, other in ipairs(each(get(field) or '', #part)) do
    if other ~= part then rest[#rest + 1] = other end
  end
  call('HSET', F, field, table.concat(rest))
end

-- The fields of that kind, by name; those that are not there are missing.
local function fieldsOf(kind, names)
  local found = {}
  for at = 1, #names, 200 do
    local fields = {}
    for index = at, math.min(at + 199, #names) do fields[#fields + 1] = kind .. names[index] end
    for index, text in ipairs(call('HMGET', F, unpack(fields))) do
      if text then found[names[at + index - 1]] = text end
    end
  end
  return found
end

local function session(handle) return readSession(get('s:' .. handle)) end
-- Nothing was written yet. It is told as store_corrupt.
local function endAsDamaged() error({ err = 'DAMAGED family' }) end
local function putSession(handle, s) call('HSET', F, 's:' .. handle, cmsgpack.pack(s)) end

local function readSegment(text)
  if not text then return nil end
  local parent, first, last = string.match(text, '^(%d+) (%d+) (%d+)$')
  return { p = parent, a = tonumber(first), b = tonumber(last) }
end
local function segment(n) return readSegment(get('g:' .. n)) end
local function writeSegment(g) return g.p .. ' ' .. int(g.a) .. ' ' .. int(g.b) end

local markFields = { v = 'number', x = 'number', a = 'number', b = 'number', h = 'string', g = 'string', y = 'string' }
local function readMark(packed)
  if not packed then return nil end
  local isRead, m = pcall(cmsgpack.unpack, packed)
  if not isRead or type(m) ~= 'table' then return nil end
  for name, kind in pairs(markFields) do
    if type(m[name]) ~= kind then return nil end
  end
  return m
end
local function mark(tag) return readMark(get('k:' .. tag)) end

local function retain(digest, json)
  if call('HINCRBY', F, 'r:' .. digest, 1) == 1 then call('HSET', F, 'h:' .. digest, json) end
end
local function release(digest)
  if call('HINCRBY', F, 'r:' .. digest, -1) <= 0 then call('HDEL', F, 'r:' .. digest, 'h:' .. digest) end
end

-- By segment the places that marked turns still need.
local function markedPlaces()
  local places = {}
  for _, packed in pairs(fieldsOf('k:', markTags())) do
    local m = readMark(packed)
    if m then
      places[m.g] = places[m.g] or {}
      for place = m.a, m.b - 1 do places[m.g][place] = true end
    end
  end
  return places
end

local function dropMessages(n, from, to, spared)
  local fields = {}
  for place = from, to - 1 do
    if not (spared and spared[place]) then fields[#fields + 1] = 'm:' .. n .. ':' .. int(place) end
    if #fields >= 500 or (place == to - 1 and #fields > 0) then
      call('HDEL', F, unpack(fields))
      fields = {}
    end
  end
end

local function forgetMark(tag)
  local m = mark(tag)
  if not m then return end
  without('K', tag)
  call('HDEL', F, 'k:' .. tag, 'j:' .. tag)
  release(m.y)
  local g = segment(m.g)
  local from = g and math.max(m.a, g.b) or m.a
  if from < m.b then dropMessages(m.g, from, m.b, markedPlaces()[m.g]) end
end

-- Most are kept equally long, so that this looks at those that are too old and at one more.
local function sweepMarks()
  for _, tag in ipairs(markTags()) do
    local m = mark(tag)
    if m and m.x > nowMs then return end
    if m then forgetMark(tag) else without('K', tag) end
  end
end

local function isAnyNamed()
  for _, field in ipairs(call('HKEYS', F)) do
    if string.sub(field, 1, 2) == 'n:' then return true end
  end
  return false
end

-- What no session reaches any more goes; the family as a whole with its last session.
local function collect()
  local list = handles()
  if #list == 0 then
    -- The list may have been lost, and not the sessions.
    if not isAnyNamed() then call('UNLINK', F) end
    return
  end
  local numbers, segments = {}, {}
  for n in string.gmatch(get('G') or '', '%d+') do numbers[#numbers + 1] = n end
  for n, text in pairs(fieldsOf('g:', numbers)) do segments[n] = readSegment(text) end
  local needed, due, last = {}, math.huge, 0
  local packed = fieldsOf('s:', list)
  for _, handle in ipairs(list) do
    local s = readSession(packed[handle])
    -- What a damaged one would need cannot be known: it keeps all, until it is deleted.
    if not s then return end
    due, last = math.min(due, s.e), math.max(last, s.e)
    local n, length = s.g, s.l
    while n ~= '0' and segments[n] and (not needed[n] or needed[n] < length) do
      needed[n] = length
      n, length = segments[n].p, segments[n].a
    end
  end
  local spared, rest = nil, {}
  for _, n in ipairs(numbers) do
    local g, length = segments[n], needed[n]
    if g and (not length or length < g.b) then
      spared = spared or markedPlaces()
      dropMessages(n, length or g.a, g.b, spared[n])
      if length then g.b = length; call('HSET', F, 'g:' .. n, writeSegment(g)) else call('HDEL', F, 'g:' .. n) end
    end
    if length then rest[#rest + 1] = n end
  end
  call('HSET', F, 'G', table.concat(rest, ' '), 'z', int(due))
  call('PEXPIREAT', F, atReal(last))
end

-- Whoever calls takes it out of S, and collects.
local function remove(handle, s)
  if get('n:' .. s.n) == handle then call('HDEL', F, 'n:' .. s.n, 't:' .. s.n) end
  for tag, packed in pairs(fieldsOf('k:', markTags())) do
    local m = readMark(packed)
    if m and m.h == handle then forgetMark(tag) end
  end
  release(s.y)
  release(s.t)
  call('HDEL', F, 's:' .. handle, 'c:' .. handle, 'd:' .. handle)
end

-- Some at a time: what has expired is nobody's until then either.
local function sweep()
  local due = tonumber(get('z') or '')
  if not due or due > nowMs then return end
  local rest, removed = {}, 0
  local list = handles()
  local packed = fieldsOf('s:', list)
  for _, handle in ipairs(list) do
    local s = readSession(packed[handle])
    if removed < 100 and s and s.e <= nowMs then
      remove(handle, s)
      removed = removed + 1
    else
      rest[#rest + 1] = handle
    end
  end
  call('HSET', F, 'S', table.concat(rest))
  collect()
  local fields = call('HGETALL', X)
  for at = 1, #fields, 2 do
    if (tonumber(fields[at + 1]) or 0) + A.tombstoneMs <= nowMs then call('HDEL', X, fields[at]) end
  end
end

local function bury(id, expiresMs)
  call('HSET', X, id, int(expiresMs))
  keepUntil(X, expiresMs + A.tombstoneMs, A.tombstoneMs / 16)
end
-- Also one that should live, and is gone: its key was lost, and nobody begins anew where something was said.
local function isBuried(id)
  local ms = tonumber(call('HGET', X, id) or '')
  return ms and nowMs < ms + A.tombstoneMs
end

local function holderOf(id)
  local text = call('HGET', B, id)
  local untilMs, holder = string.match(text or '', '^(%d+) (.*)$')
  if untilMs and tonumber(untilMs) > nowMs then return holder end
  return nil
end
local function hold(id, holder, ttlMs)
  call('HSET', B, id, int(nowMs + ttlMs) .. ' ' .. holder)
  keepUntil(B, nowMs + ttlMs)
end
local function letGo(id, holder)
  if holder and holderOf(id) == holder then call('HDEL', B, id) end
end

local function living(id)
  local handle = get('n:' .. id)
  local s = handle and session(handle)
  if handle and (not s or s.n ~= id) then endAsDamaged() end
  if s and s.e > nowMs then return handle, s end
  return nil, nil
end

local function describe(handle, s)
  return {
    s.i, handle, int(s.v), int(s.c), int(s.u), int(s.e), s.m and int(s.m) or '', get('e') .. '.' .. s.g, int(s.l),
    s.p or '', s.y, s.t, get('c:' .. handle) or '', get('d:' .. handle) or '', int(s.o)
  }
end
local function answer(...) return { ARGV[1], ... } end
`;
