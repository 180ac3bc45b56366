import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { bareCause, scrub } from './scrub.ts';

describe('the words of a vendor', () => {
  it('are shown without the values that were sent and without addresses', () => {
    const words = "login: 'ann.lee@example.com' exists; department: Sales is too long (see bob@example.com)";
    expect(scrub(words, ['Sales', ['Ann'], null, 'x'])).toBe("login: '...' exists; department: ... is too long (see ...)");
  });

  it('are shown without addresses that are encoded for a URL', () => {
    expect(scrub("no segment 'users('ann.lee%40example.com')'", [])).not.toContain('ann');
  });

  it('are cut', () => {
    expect(scrub('x'.repeat(900), [])).toHaveLength(500);
  });
});

describe('a foreign error as a cause', () => {
  it('keeps its name, code and place, and nothing that it quotes', () => {
    const error = Object.assign(new TypeError('request to https://org/users/ann.lee@example.com failed'), {
      code: 'ECONNRESET',
      body: 'ann.lee',
    });
    const bare = bareCause(error);
    expect(bare.message).toBe('TypeError ECONNRESET');
    expect(bare.stack).toContain('scrub.spec');
    expect(inspect(bare, { depth: 9 })).not.toContain('ann.lee');
  });

  it('that is no error is named by its type', () => {
    expect(bareCause('ann.lee').message).toBe('thrown string');
  });
});
