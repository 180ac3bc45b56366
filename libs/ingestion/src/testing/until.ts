import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves with the first answer that is not undefined. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, timeoutMs = 20_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`did not come to be within ${timeoutMs} ms: ${what}`);
    await sleep(25);
  }
}
