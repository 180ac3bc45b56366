import { describe, expect, it } from '@jest/globals';
import { scrub } from './scrub.ts';

describe('the words of a vendor', () => {
  it('are shown without the values that were sent and without addresses', () => {
    const words = "login: 'ann.lee@example.com' exists; department: Sales is too long (see bob@example.com)";
    expect(scrub(words, ['Sales', ['Ann'], null, 'x'])).toBe("login: '...' exists; department: ... is too long (see ...)");
  });

  it('are cut', () => {
    expect(scrub('x'.repeat(900), [])).toHaveLength(500);
  });
});
