import { describe, expect, test } from 'vitest';
import { maskClock } from './mask-clock.ts';

const nowMs = Date.UTC(2026, 11, 1, 0, 27, 11);
const masked = (text: string) => maskClock(text, nowMs).replaceAll('\u0000', '…');

describe('a date or time near the request', () => {
  test.each([
    ['2026-12-01T00:27:00.123Z', '…'],
    ['It is 2026-12-01 00:27.', 'It is ….'],
    ['2026-11-30T23:00:00+05:30', '…'],
    ['2026-12-01T00:27:11.123456', '…'],
    ['12/1/2026, 12:27:33 AM', '…'],
    ['1.12.2026', '…'],
    ['01/12/2026', '…'],
    ['2026/12/01', '…'],
    ['2026年12月1日', '…'],
    ['Tue Dec 01 2026 00:27:11 GMT+0000 (Coordinated Universal Time)', '… (Coordinated Universal Time)'],
    ['Tue, 01 Dec 2026 00:27:11 GMT', '… GMT'],
    ['Tue Dec  1 00:26:49 UTC 2026', '…'],
    ['Tuesday, December 1, 2026 at 12:27 AM', '…'],
    ['The 1st of December, 2026', 'The …'],
    ['Today is 2026-12-01 (Tuesday)', 'Today is …'],
    ['00:27:11, 2026-12-01', '…'],
    ['now 1796084831 and 1796084831000', 'now … and …'],
    ['Yesterday was 2026-11-30', 'Yesterday was …'],
    ['It is 9:26 PM', 'It is …'],
    ['date: 2026-12-01, time: 00:27', 'date: …, time: …'],
  ])('%s', (text, expected) => {
    expect(masked(text)).toBe(expected);
  });
});

describe('all else stays', () => {
  test.each([
    '',
    'Be kind.',
    '2025-12-01',
    '2026-11-28',
    '2026-11-29T22:00:00Z',
    '2026-12-02T03:00:00Z',
    'open 09:00-17:00',
    'at 10:02',
    'Version 1.12.2026.4',
    'http://x/2026-12-01/y',
    'call 17960848310001234',
    '1796384831',
    'December 1',
    '99/99/2026',
    'ratio 16:9',
  ])('%j', text => {
    expect(masked(text)).toBe(text);
  });
});

test('the zone of a time counts', () => {
  const at = (text: string) => maskClock(text, Date.UTC(2026, 11, 2, 2, 0)) === '\u0000';
  expect(at('2026-12-01T00:30Z')).toBe(true);
  expect(at('2026-12-01T00:30+05:00')).toBe(false);
  expect(at('2026-12-01T00:30-05:00')).toBe(true);
});

test('a stored time may be that of a request that has run since then', () => {
  const quarter = 14 * 60_000;
  expect(maskClock('10:13', Date.UTC(2026, 11, 1, 0, 27))).toBe('10:13');
  expect(maskClock('10:13', Date.UTC(2026, 11, 1, 0, 27), quarter)).toBe('\u0000');
});

test('what is beyond the first part of a long text is left as it is', () => {
  const long = `${'x'.repeat(256 * 1024)} 2026-12-01`;
  expect(masked(long)).toBe(long);
  const lines = 'call 1234\n'.repeat(1000);
  expect(masked(`${lines}2026-12-01`)).toBe(`${lines}2026-12-01`);
  expect(masked(`${'call\n'.repeat(9000)}2026-12-01`)).toBe(`${'call\n'.repeat(9000)}…`);
  const many = '2026-12-01 '.repeat(2000);
  expect(masked(many)).toBe(`${'… '.repeat(1000)}${'2026-12-01 '.repeat(1000)}`);
});
