import { randomInt } from 'node:crypto';

const CLASSES = ['abcdefghijkmnopqrstuvwxyz', 'ABCDEFGHJKLMNPQRSTUVWXYZ', '23456789', '!#$%*+-=?@_'] as const;
const LENGTH = 32;

const pick = (letters: string): string => letters[randomInt(letters.length)] ?? '';

/**
 * A password that nobody is to know: 32 letters, all four classes that the directory's policy looks at. It leaves in the request that creates
 * the account and is kept nowhere; the person gets in by a temporary access pass or a reset.
 */
export const firstPassword = (): string => {
  const letters = [...CLASSES.map(pick), ...Array.from({ length: LENGTH - CLASSES.length }, () => pick(CLASSES.join('')))];
  for (let last = letters.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [letters[last], letters[other]] = [letters[other] ?? '', letters[last] ?? ''];
  }
  return letters.join('');
};
