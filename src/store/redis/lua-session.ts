/** What was packed as a session; nil where it is none. */
export const readSessionLua = `
local type = type
local function areNumbers(a, b, c, d, e, f)
  return type(a) == 'number' and type(b) == 'number' and type(c) == 'number' and type(d) == 'number'
    and type(e) == 'number' and type(f) == 'number'
end
local function areTexts(a, b, c, d, e)
  return type(a) == 'string' and type(b) == 'string' and type(c) == 'string' and type(d) == 'string'
    and type(e) == 'string'
end
local function readSession(packed)
  if not packed then return nil end
  local isRead, s = pcall(cmsgpack.unpack, packed)
  if not isRead or type(s) ~= 'table' then return nil end
  if not areNumbers(s.v, s.c, s.u, s.e, s.l, s.o) or not areTexts(s.i, s.n, s.g, s.y, s.t) then return nil end
  if s.m and type(s.m) ~= 'number' or s.p and type(s.p) ~= 'string' then return nil end
  return s
end
`;
