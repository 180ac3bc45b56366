import { type DataFolder, type Parts, seedCompany } from '@muster/local';
import { Hiring } from './hiring.ts';
import { COMPANY, install } from './installation.ts';
import { killAll } from './killing.ts';
import type { Options } from './options.ts';
import { seeded } from './random.ts';
import { failures, type Outcome, table } from './report.ts';
import { judge } from './verdict.ts';

export interface Run {
  readonly parts: Parts;
  readonly data: DataFolder;
  readonly options: Options;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

const JUDGE_WITHIN_MS = 150_000;
/** So much longer for each person of an import. */
const JUDGE_EACH_MS = 500;

/** Hires while components die at work, then counts. True: everybody has one account a side, linked, and nothing acknowledged was lost. */
export async function runChaos({ parts, data, options, say, signal }: Run): Promise<boolean> {
  const { seed, hires, imported, killForMs, timeFactor } = options;
  say(`seed ${seed}; the same draw again: npm run chaos -- --seed ${seed}`);
  const began = performance.now();
  const { victims, sandboxes, console, ledger } = await install(parts, data, timeFactor);
  const hrToken = data.token('hr-token');
  await seedCompany({ sandboxes, console, hrToken, size: COMPANY, say });
  const random = seeded(seed);
  const hiring = new Hiring(sandboxes, { url: console.url, token: hrToken }, random);
  if (imported > 0) await hiring.import(imported);
  ledger.start();
  const killing = performance.now();
  const kills = await killAll({
    victims,
    hiring,
    hires: imported + hires,
    forMs: killForMs,
    random,
    signal,
    onKill: ({ victim, had, backAfterMs }) =>
      say(
        `${`${((performance.now() - killing) / 1000).toFixed(1)} s`.padStart(8)}  ${victim.padEnd(20)} killed with ${JSON.stringify(had)}, back after ${backAfterMs} ms`,
      ),
  });
  await ledger.stop();
  const verdict = await judge({ sandboxes, console, keys: hiring.hired }, JUDGE_WITHIN_MS + imported * JUDGE_EACH_MS, signal);
  const outcome: Outcome = {
    seed,
    victims,
    kills,
    hires: hiring.hired.length,
    undelivered: await hiring.undelivered(),
    verdict,
    appends: { acknowledged: ledger.acknowledged, wrong: (await ledger.wrong()).length },
    seconds: (performance.now() - began) / 1000,
  };
  for (const line of table(outcome)) say(line);
  const found = failures(outcome);
  for (const line of found) say(`FAILED: ${line}`);
  if (found.length === 0) say('passed');
  return found.length === 0;
}
