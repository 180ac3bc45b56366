import type { Kill } from './killing.ts';
import { KILLS_EACH } from './killing.ts';
import type { Verdict } from './verdict.ts';
import { isRight } from './verdict.ts';
import type { Victim } from './victims.ts';

export interface Outcome {
  readonly seed: number;
  readonly victims: readonly Victim[];
  readonly kills: readonly Kill[];
  readonly hires: number;
  readonly undelivered: { readonly waiting: number; readonly refused: number };
  readonly verdict: Verdict;
  /** Appends that the store acknowledged, and those of them that are not there exactly once. */
  readonly appends: { readonly acknowledged: number; readonly wrong: number };
  readonly seconds: number;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Everything that keeps a run from being good, in words. */
export function failures({ victims, kills, undelivered, verdict, appends }: Outcome): string[] {
  const found = victims
    .map(({ name }) => ({ name, count: kills.filter(({ victim }) => victim === name).length }))
    .filter(({ count }) => count < KILLS_EACH)
    .map(({ name, count }) => `${name} was caught at work ${count} times only; ${KILLS_EACH} are wanted`);
  if (undelivered.waiting) found.push(`${undelivered.waiting} HR records were never taken`);
  if (undelivered.refused) found.push(`${undelivered.refused} HR records were refused`);
  if (appends.wrong) found.push(`${appends.wrong} acknowledged appends are lost or doubled in the store`);
  for (const side of ['okta', 'entra'] as const) {
    const { missing, doubled, unlinked } = verdict[side];
    if (missing.length) found.push(`${side}: no account for ${missing.join(', ')}`);
    if (doubled.length) found.push(`${side}: more than one account or create for ${doubled.join(', ')}`);
    if (unlinked.length) found.push(`${side}: not linked: ${unlinked.join(', ')}`);
  }
  if (!isRight(verdict) && found.length === 0) found.push('the verdict is not right');
  return found;
}

export function table(outcome: Outcome): string[] {
  const { seed, victims, kills, hires, verdict, appends, seconds } = outcome;
  const rows = victims.map((victim) => {
    const own = kills.filter((kill) => kill.victim === victim.name);
    const had = Object.entries(
      own
        .flatMap((kill) => Object.entries(kill.had))
        .reduce<Record<string, number>>((sum, [kind, count]) => ({ ...sum, [kind]: (sum[kind] ?? 0) + count }), {}),
    ).map(([kind, count]) => `${count} ${kind}`);
    return [
      victim.name.padEnd(20),
      String(own.length).padStart(5),
      `${(median(own.map(({ backAfterMs }) => backAfterMs)) / 1000).toFixed(1)} s`.padStart(8),
      String(victim.ownEnds()).padStart(9),
      `  ${had.join(', ')}`,
    ].join('');
  });
  const side = (name: 'okta' | 'entra'): string => {
    const { accounts, missing, doubled, linked } = verdict[name];
    return `${name.padEnd(8)} ${accounts} accounts, ${doubled.length} doubled, ${missing.length} missing, ${linked} linked`;
  };
  return [
    '',
    'component           kills  back in  own ends  unacknowledged work at the kills (sums by kind)',
    ...rows,
    '',
    `seed ${seed}, ${hires} hires, ${kills.length} kills with unacknowledged work, ${seconds.toFixed(0)} s`,
    side('okta'),
    side('entra'),
    `store    ${appends.acknowledged} appends acknowledged to a client of its own, ${appends.wrong} of them lost or doubled`,
    `product  ${verdict.deadLetters} dead letters, ${verdict.openCases} open cases`,
  ];
}
