/** What a cell says in our words, or what should have stood there. Nothing: an empty cell. */
export type Said = { readonly value: unknown } | { readonly expected: string } | 'nothing';

export type ReadValue = (raw: unknown) => Said;

const isEmpty = (raw: unknown): boolean => raw === null || raw === '' || (typeof raw === 'string' && raw.trim() === '');

const reading =
  (expected: string, read: (raw: unknown) => unknown): ReadValue =>
  (raw) => {
    if (isEmpty(raw)) return 'nothing';
    const value = read(raw);
    return value === undefined ? { expected } : { value };
  };

export const asText = reading('a text', (raw) => {
  if (typeof raw === 'string') return raw.trim();
  return typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : undefined;
});

// Systems that only know times write a date as its midnight, or put a zone behind it.
const DATE = /^(\d{4}-\d{2}-\d{2})(?:T00:00(?::00(?:\.0+)?)?)?(?:Z|[+-]\d{2}:?\d{2})?$/;

export const asDate = reading('a date such as 2026-01-31', (raw) => (typeof raw === 'string' ? DATE.exec(raw.trim())?.[1] : undefined));

const YES = new Set(['true', '1', 'yes', 'y']);
const NO = new Set(['false', '0', 'no', 'n']);

export const asTruth = reading('true or false', (raw) => {
  const word = String(raw as string | number | boolean)
    .trim()
    .toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : undefined;
});

const INSTANT = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/** An instant in its canonical form: systems that write one in two ways mean the same. */
export const asInstant = reading('a time with its zone such as 2026-01-31T08:00:00Z', (raw) => {
  if (typeof raw !== 'string' || !INSTANT.test(raw.trim())) return undefined;
  const ms = Date.parse(raw.trim());
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
});

const wholeNumber = (raw: unknown): number | undefined => {
  const value = typeof raw === 'string' && /^\d{1,15}$/.test(raw.trim()) ? Number(raw) : raw;
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
};

export const asVersion = reading('a whole number, or a time with its zone', (raw) => {
  const instant = asInstant(raw);
  return wholeNumber(raw) ?? (typeof instant === 'object' && 'value' in instant ? instant.value : undefined);
});

export const asZone = reading('an IANA time zone such as Europe/Berlin', (raw) => {
  if (typeof raw !== 'string') return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: raw.trim() });
    return raw.trim();
  } catch {
    return undefined;
  }
});

const appOf = (app: unknown, until: unknown, assignedBy: unknown): object | undefined => {
  const last = asDate(until ?? '');
  if (typeof app !== 'string' || app === '' || typeof assignedBy !== 'string' || assignedBy === '') return undefined;
  if (typeof last === 'object' && 'expected' in last) return undefined;
  return { app, ...(last === 'nothing' ? {} : { until: last.value }), assignedBy };
};

const fromText = (raw: string): unknown[] =>
  raw
    .split(';')
    .filter((item) => item.trim() !== '')
    .map((item) => {
      const [app, until, assignedBy] = item.split('|').map((part) => part.trim());
      return { app, until, assignedBy };
    });

/** A list of { app, until, assignedBy }, or the text `app|until|assignedBy;...` with an empty `until` for ever. */
export const asApps = reading('a list of apps, each with who assigned it and, if it ends, its last day', (raw) => {
  const items: unknown = typeof raw === 'string' ? fromText(raw) : raw;
  if (!Array.isArray(items)) return undefined;
  const apps = items.map((item: unknown) => {
    const { app, until, assignedBy } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    return appOf(app, until, assignedBy);
  });
  return apps.includes(undefined) ? undefined : apps;
});
