import { DateTime } from 'luxon';

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
const DAY = 86_400_000;

/** Days since 1970-01-01 of a date of the Gregorian calendar. */
const dayNumber = (year: number, month: number, day: number): number => {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
};

/** Milliseconds since 1970 of an RFC 3339 instant; NaN if it is none. Digits behind the millisecond are cut off. */
export const millis = (instant: string): number => {
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] = RFC3339.exec(instant) ?? [];
  if (year === undefined) return Number.NaN;
  const offset = sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000;
  const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1000 + Number((fraction ?? '').padEnd(3, '0').slice(0, 3));
  return dayNumber(Number(year), Number(month), Number(day)) * DAY + time - offset;
};

/** RFC 3339 in UTC with milliseconds. */
export const instant = (ms: number): string => DateTime.fromMillis(ms, { zone: 'utc' }).toISO() ?? '';

/** An instant some milliseconds later. */
export const later = (from: string, ms: number): string => instant(millis(from) + ms);

/** True if `a` is earlier than `b`; false if either is missing. */
export const isBefore = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && millis(a) < millis(b);

/** The later of two instants, of which either may be missing. */
export const latest = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && isBefore(a, b)) ? b : a;

/** The earlier of two instants, of which either may be missing. */
export const earliest = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && isBefore(b, a)) ? b : a;

const zoneOrUtc = (zone: string | undefined): string => (zone !== undefined && DateTime.fromMillis(0, { zone }).isValid ? zone : 'utc');

/** The calendar date (YYYY-MM-DD) that a clock on the wall of that zone shows. An unknown zone counts as UTC. */
export const localDate = (at: string, zone: string | undefined): string =>
  DateTime.fromMillis(millis(at), { zone: zoneOrUtc(zone) }).toISODate() ?? '';

/** The instant at which a date begins in a zone; `plusDays` later if given. */
export const startOfDay = (date: string, zone: string | undefined, plusDays = 0): string =>
  DateTime.fromISO(date, { zone: zoneOrUtc(zone) })
    .plus({ days: plusDays })
    .startOf('day')
    .toUTC()
    .toISO() ?? '';
