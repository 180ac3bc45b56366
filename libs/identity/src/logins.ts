import anyAscii from 'any-ascii';

const MOST = 64;
const LAST_NUMBER = 100;

export interface LoginCandidate {
  /** The part before the @. */
  readonly login: string;
  /** From 1. */
  readonly attempt: number;
}

/** Latin letters without accents, digits, dots and hyphens, in lower case; everything else is left out. */
const spelled = (name: string): string =>
  anyAscii(name)
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]/g, '')
    .replaceAll(/[.-]*\.[.-]*/g, '.')
    .replaceAll(/^[.-]+|[.-]+$/g, '');

const joined = (parts: readonly string[], suffix = ''): string =>
  parts
    .filter((part) => part !== '')
    .join('.')
    .slice(0, MOST - suffix.length)
    .replaceAll(/[.-]+$/g, '') + suffix;

/**
 * The logins that a person may get, in the order in which they are tried: given.family, with the initial of the middle name, then with 2, 3 ...
 * 100. At most 64 characters of a-z, 0-9, `.` and `-`. Names that leave no letter at all give none.
 */
export const loginCandidates = (name: {
  givenName?: string | null;
  middleName?: string | null;
  familyName?: string | null;
}): LoginCandidate[] => {
  const given = spelled(name.givenName ?? '');
  const family = spelled(name.familyName ?? '');
  const initial = spelled(name.middleName ?? '').slice(0, 1);
  const first = joined([given, family]);
  if (first === '') return [];
  const numbered = Array.from({ length: LAST_NUMBER - 1 }, (_, index) => joined([given, family], String(index + 2)));
  const logins = [first, ...(initial === '' ? [] : [joined([given, initial, family])]), ...numbered];
  return [...new Set(logins)].map((login, index) => ({ login, attempt: index + 1 }));
};
