import { type RawBuilder, sql } from 'kysely';
import type { Axes } from './axes.ts';

/** The rows of an interval table, under its alias, that say what was true at a point as far as it was known at the other. At most one of each key. */
export const atPoint = (alias: string, { asOf, knownAt }: Axes): RawBuilder<boolean> => {
  const column = (name: string) => sql.ref(`${alias}.${name}`);
  const at = sql`${asOf}::timestamptz`;
  const known = sql`${knownAt}::timestamptz`;
  return sql<boolean>`(${column('known_to')} > ${known} and ${column('known_from')} <= ${known} and ${column('valid_to')} > ${at} and ${column('valid_from')} <= ${at})`;
};
