import { join } from 'node:path';
import { BadCell } from '../read/cells';
import { moment } from './interpret';
import { ChildProgram } from '@watchnext/testing';
import type { IsoTimeMessage } from '../../test/iso-time-program';

const PROGRAM = join(__dirname, '../../test/iso-time-program.ts');

const UTC_UNLESS_SAID: Readonly<Record<string, string>> = {
  '2026-11-25': '2026-11-25T00:00:00.000Z',
  '2026-11-25 10:00:00': '2026-11-25T10:00:00.000Z',
  '2026-11-25T10:00:00.5': '2026-11-25T10:00:00.500Z',
  '2026-11-25 9:05:00': '2026-11-25T09:05:00.000Z',
  '2026-11-25 9:05:00 PM': '2026-11-25T21:05:00.000Z',
  '2026-11-25 10:00:00 ': '2026-11-25T10:00:00.000Z',
  ' 2026-11-25T10:00': '2026-11-25T10:00:00.000Z',
  '2026/11/25': '2026-11-25T00:00:00.000Z',
  '2026/11/25 10:00': '2026-11-25T10:00:00.000Z',
  '2026-1-05': '2026-01-05T00:00:00.000Z',
  '2026-1-5 10:00:00': '2026-01-05T10:00:00.000Z',
  'Nov 25, 2026 10:00': '2026-11-25T10:00:00.000Z',
  '2028-02-29': '2028-02-29T00:00:00.000Z',
  'Feb 29, 2028 10:00': '2028-02-29T10:00:00.000Z',
  // An hour that New York leaves out in spring.
  '2026-03-08 2:30:00': '2026-03-08T02:30:00.000Z',
};
const WITH_A_ZONE: Readonly<Record<string, string>> = {
  '2026-11-25T10:00:00Z': '2026-11-25T10:00:00.000Z',
  '2026-11-25 9:05:00z ': '2026-11-25T09:05:00.000Z',
  '2026-11-25T10:00:00+02:00': '2026-11-25T08:00:00.000Z',
  '2026-11-25 10:00:00+02': '2026-11-25T08:00:00.000Z',
  '2026/11/25 9:05 -0530': '2026-11-25T14:35:00.000Z',
  '2026-11-25 9:05:00 UTC': '2026-11-25T09:05:00.000Z',
  'Wed, 25 Nov 2026 10:00:00 GMT': '2026-11-25T10:00:00.000Z',
  'Wed Nov 25 2026 10:00:00 GMT+0100 (Central European Standard Time)': '2026-11-25T09:00:00.000Z',
  // A day that begins elsewhere, and is another one by UTC.
  '2026-11-30T23:00:00-05:00': '2026-12-01T04:00:00.000Z',
  '1 Mar 2026 01:00:00 +0200': '2026-02-28T23:00:00.000Z',
  'Wed Nov 25 10:00:00 EST 2026': '2026-11-25T15:00:00.000Z',
};
const NO_DATES = [
  '',
  ' ',
  'yesterday',
  '5',
  '2026-11-25 25:00',
  '2026-11-25 10:00 CET',
  // Days that do not exist.
  '2026-02-30',
  '2026-02-29 10:00:00',
  '2026-02-30T10:00:00Z',
  '2026-04-31T10:00:00+02:00',
  '2026/6/31 10:00',
  'Feb 29, 2026 10:00',
  'Sat, 31 Nov 2026 10:00:00 GMT',
  'Wed Nov 31 10:00:00 EST 2026',
  // Which number is the month?
  '05/06/2024 10:00',
  '05.06.2024',
  '13/06/2024',
  '5-6-24',
];

it.each([
  ['America/New_York', 300],
  ['Asia/Kolkata', -330],
])('times of unit iso are of UTC where no zone stands, on a machine in %s too', async (TZ, zoneOffsetMinutes) => {
  const texts = [...Object.keys(UTC_UNLESS_SAID), ...Object.keys(WITH_A_ZONE), ...NO_DATES];
  const program = ChildProgram.start<IsoTimeMessage>(PROGRAM, texts, { TZ });
  const read = await program.has('read');
  await program.kill();
  expect(read.zoneOffsetMinutes).toBe(zoneOffsetMinutes);
  expect(Object.fromEntries(texts.map((text, index) => [text, read.dates[index]]))).toEqual({
    ...UTC_UNLESS_SAID,
    ...WITH_A_ZONE,
    ...Object.fromEntries(NO_DATES.map((text) => [text, null])),
  });
});

describe('days and months in numbers', () => {
  const read = (unit: 'dmy' | 'mdy' | 'iso', text: string) =>
    new Date(moment({ column: 'at', unit }, text, new Set(), Date.UTC(2030, 0))).toISOString();

  it('are read in the order that the unit says', () => {
    for (const [text, dmy, mdy] of [
      ['05/06/2024 10:00', '2024-06-05T10:00:00.000Z', '2024-05-06T10:00:00.000Z'],
      ['5.6.2024', '2024-06-05T00:00:00.000Z', '2024-05-06T00:00:00.000Z'],
      ['05-06-2024, 9:05:00 PM', '2024-06-05T21:05:00.000Z', '2024-05-06T21:05:00.000Z'],
      ['05.06.2024 10.30', '2024-06-05T10:30:00.000Z', '2024-05-06T10:30:00.000Z'],
      ['5.6.2024, 9.05.07', '2024-06-05T09:05:07.000Z', '2024-05-06T09:05:07.000Z'],
      ['05/06/2024T10:00:00+02:00', '2024-06-05T08:00:00.000Z', '2024-05-06T08:00:00.000Z'],
    ] as const)
      expect([read('dmy', text), read('mdy', text)]).toEqual([dmy, mdy]);
    expect(read('dmy', '13/06/2024')).toBe('2024-06-13T00:00:00.000Z');
    expect(() => read('mdy', '13/06/2024')).toThrow(BadCell);
    for (const text of ['31/13/2024', '31/02/2024', '29.02.2023 10.30', '31-06-2024 10:00', '05.06.2024 10.3015'])
      expect(() => read('dmy', text)).toThrow(BadCell);
    expect(read('dmy', '29.02.2024')).toBe('2024-02-29T00:00:00.000Z');
    expect(() => read('dmy', '2024-06-05')).toThrow(new BadCell('at is no date as 25/11/2026 10:00: "2024-06-05"'));
  });

  it('are refused by the unit iso, which offers those that say the order', () => {
    expect(() => read('iso', '05/06/2024 10:00')).toThrow(
      new BadCell('at is no date as 2026-11-25T10:00:00Z: "05/06/2024 10:00"; is its unit dmy, the day first, or mdy?'),
    );
  });
});

describe('a time in nanoseconds', () => {
  it('is read to the millisecond, though a number of 19 digits is rounded', () => {
    for (let n = 0; n < 1_000; n++) {
      const atMs = Date.UTC(2026, 9, 1) + 1_234_567 * n;
      expect(moment({ column: 'at', unit: 'ns' }, `${atMs}000000`, new Set(), Date.UTC(2030, 0))).toBe(atMs);
    }
  });
});
