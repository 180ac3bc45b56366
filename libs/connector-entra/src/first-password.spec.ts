import { describe, expect, it } from '@jest/globals';
import { firstPassword } from './first-password.ts';

describe('a first password', () => {
  it('is long, never the same, and meets the policy of the directory', () => {
    const made = Array.from({ length: 200 }, firstPassword);
    expect(new Set(made).size).toBe(200);
    for (const password of made) {
      expect(password).toHaveLength(32);
      for (const letters of [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/]) expect(password).toMatch(letters);
    }
  });
});
