// A system text without the clock in it: programs write the present date and time into their prompts, and the text is
// the same all the same. Masked are only dates and times near the request that brought the text; a date of last year, or
// opening hours, tell two texts apart.

/** Any zone of the earth, and a text that was made half a day before. */
const nearMs = 26 * 60 * 60_000;
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** A time without a date is the clock's where its minutes are those of the request, in a zone of whole or half hours. */
const zoneMs = 30 * minuteMs;
const clockAheadMs = minuteMs;
const clockBehindMs = 5 * minuteMs;

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const month =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const weekday = '(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?';
const ordinal = String.raw`\d{1,2}(?:st|nd|rd|th)?`;
const time = String.raw`(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?(?:[ \u202f]?[ap]\.?m\b\.?)?(?:Z|[ ]?(?:UTC|GMT)?[+-]\d{2}:?\d{2})?`;
const date = [
  String.raw`\d{4}-\d{2}-\d{2}`,
  String.raw`\d{4}[/.]\d{1,2}[/.]\d{1,2}`,
  String.raw`\d{1,2}[/.]\d{1,2}[/.]\d{4}`,
  String.raw`\d{4}年\d{1,2}月\d{1,2}日`,
  String.raw`${month}\.?[ ]{1,2}${ordinal},?[ ]\d{4}`,
  String.raw`${ordinal}(?:[ ]of)?[ -]${month}\.?,?[ -]\d{4}`,
].join('|');
const dated = String.raw`(?:${weekday}\.?,?[ ])?(?:${date})(?:,?[ ]\(?${weekday}\b\)?)?`;
const between = '(?:T|,?[ ]{1,2}(?:at[ ]|on[ ])?|[ ]?[-–|][ ]?)';

/** What `date` and `ctime` write: the year comes last. */
const unixDate = String.raw`${weekday}[ ]${month}[ ]{1,2}\d{1,2}[ ]${time}(?:[ ][A-Z]{2,5})?[ ]\d{4}`;
const epoch = String.raw`[1-9]\d{9}(?:\d{3})?(?:\.\d{1,9})?`;

const moment = new RegExp(
  String.raw`(?<![\w.:/-])(?:(?<dated>${unixDate}|(?:${dated})(?:${between}${time})?|(?:${time})${between}(?:${dated}))|(?<time>${time})|(?<epoch>${epoch}))(?![\w:/-]|\.\d)`,
  'gi',
);
/** Every moment holds a time or a year, or as many digits, and none goes beyond its line: nothing else is searched. */
const sign = /\d(?::[0-5]\d|\d{3})/g;
const timeWithin = new RegExp(time, 'i');
const monthWithin = new RegExp(String.raw`\b${month}`, 'i');

/** Beyond them a text is compared as it is: nobody writes a clock there, and the search takes its time. Lines count that may hold one. */
const searchedLength = 256 * 1024;
const maxMoments = 1000;
const maxLines = 1000;

/** `spanMs`: for how long the request may have run when `atMs` was noted. */
export function maskClock(text: string, atMs: number, spanMs = 0): string {
  if (text.search(sign) === -1) return text;
  let masked = '';
  let end = 0;
  for (const { found, start, groups } of momentsIn(text)) {
    if (!isNear(found, groups, atMs, spanMs)) continue;
    masked += `${text.slice(end, start)}\u0000`;
    end = start + found.length;
  }
  return masked + text.slice(end);
}

function* momentsIn(text: string) {
  const searched = text.slice(0, searchedLength);
  let moments = 0;
  let lines = 0;
  let lineEnd = 0;
  for (const { index: place } of searched.matchAll(sign)) {
    if (place < lineEnd) continue;
    const lineStart = searched.lastIndexOf('\n', place) + 1;
    lineEnd = searched.indexOf('\n', place);
    if (lineEnd === -1) lineEnd = searched.length;
    lines += 1;
    if (lines > maxLines) return;
    for (const { 0: found, index, groups } of searched.slice(lineStart, lineEnd).matchAll(moment)) {
      yield { found, start: lineStart + index, groups: groups as Groups };
      moments += 1;
      if (moments === maxMoments) return;
    }
  }
}

type Groups = Readonly<Record<'dated' | 'time' | 'epoch', string | undefined>>;

function isNear(found: string, { time: clock, epoch: count }: Groups, atMs: number, spanMs: number): boolean {
  if (clock !== undefined) return isClock(clock, atMs, spanMs);
  if (count !== undefined) {
    const [whole = ''] = count.split('.');
    return Math.abs(Number(whole) * (whole.length > 10 ? 1 : 1000) - atMs) <= nearMs;
  }
  const at = timeWithin.exec(found)?.[0];
  const [fromMs, toMs] = at === undefined ? [0, dayMs] : [timeOfDay(at), timeOfDay(at)];
  const days = daysIn(at === undefined ? found : found.replace(at, ' '));
  return days.some(dayStartMs => {
    return atMs >= dayStartMs + fromMs - nearMs && atMs <= dayStartMs + toMs + nearMs;
  });
}

/** In UTC where it names a zone, else as if it did. */
function timeOfDay(text: string): number {
  const [, hours = '', minutes = '', seconds = '0'] = /^(\d+):(\d\d)(?::(\d\d))?/.exec(text) ?? [];
  const half = /([ap])\.?m/i.exec(text)?.[1]?.toLowerCase();
  const hour = half === undefined ? Number(hours) : (Number(hours) % 12) + (half === 'p' ? 12 : 0);
  const [, sign = '+', zoneHours = '0', zoneMinutes = '0'] = /([+-])(\d\d):?(\d\d)$/.exec(text) ?? [];
  const zone = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '+' ? minuteMs : -minuteMs);
  return (hour * 60 + Number(minutes)) * minuteMs + Number(seconds) * 1000 - zone;
}

function isClock(text: string, atMs: number, spanMs: number): boolean {
  const behindMs = (((atMs - timeOfDay(text) + clockAheadMs) % zoneMs) + zoneMs) % zoneMs;
  return behindMs <= clockAheadMs + clockBehindMs + spanMs;
}

/** When each day begins that may be meant: some write the day first, others the month. */
function daysIn(text: string): number[] {
  const numbers = text.match(/\d+/g) ?? [];
  const [a = 0, b = 0, c = 0] = numbers.map(Number);
  const named = monthWithin.exec(text)?.[0];
  if (named !== undefined) return dayOf(b, months.indexOf(named.slice(0, 3).toLowerCase()), a);
  if (numbers[0]?.length === 4) return dayOf(a, b - 1, c);
  return [...dayOf(c, a - 1, b), ...dayOf(c, b - 1, a)];
}

function dayOf(year: number, monthIndex: number, day: number): number[] {
  const isDay = monthIndex >= 0 && monthIndex < 12 && day >= 1 && day <= 31;
  return isDay ? [Date.UTC(year, monthIndex, day)] : [];
}
