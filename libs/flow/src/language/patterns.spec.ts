import { describe, expect, it } from '@jest/globals';
import { compileExpression } from './expression.ts';
import { Facts } from './facts.ts';
import { matchesPattern, patternFlaw } from './patterns.ts';
import { BeyondLimit, Failed } from './stops.ts';

const evil = ['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){12}$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(x+x+)+y'];

describe('matches', () => {
  it.each(evil)('takes no more than linear time for %s', (pattern) => {
    const seconds = (length: number): number => {
      const text = `${'a'.repeat(length)}!`;
      const start = performance.now();
      for (let i = 0; i < 5; i++) matchesPattern(text, pattern);
      return performance.now() - start;
    };
    seconds(1000);
    // A backtracking engine needs longer than the age of the universe for these.
    expect(seconds(1000)).toBeLessThan(500);
  });

  it('takes no more than linear time inside an expression either', () => {
    const facts = new Facts({ identity: Facts.identityView({ title: `${'a'.repeat(27)}!` }, 'active') }, undefined, undefined);
    for (const text of ["identity.title.matches('^(a+)+$')", "matches(identity.title, '^(a+)+$')"]) {
      const compiled = compileExpression(text);
      const start = performance.now();
      expect('expression' in compiled && compiled.expression.evaluate(facts)).toBe(false);
      expect(performance.now() - start).toBeLessThan(100);
    }
  });

  it('finds a pattern anywhere in the text', () => {
    expect([matchesPattern('xaby', 'ab'), matchesPattern('xaby', '^ab')]).toEqual([true, false]);
  });

  it.each([
    ['(?=a)', 'look-around'],
    ['(a)\\1', 'back reference'],
    ['(', 'broken'],
    ['a'.repeat(201), 'long'],
    ['(a{1000}){1000}', 'huge repetition'],
  ])('refuses %s (%s)', (pattern) => {
    expect(patternFlaw(pattern)).toBeDefined();
  });

  it('refuses a pattern that is computed, where it stands', () => {
    expect(compileExpression("login.matches('^' + domain)")).toEqual({
      flaws: [{ message: 'the pattern of matches() is computed', remedy: 'Write the pattern as a text in quotes.', offset: 14 }],
    });
  });

  it('is refused a bad pattern inside a list too', () => {
    expect('flaws' in compileExpression("worker.emails.exists(e, e.value.matches('(?=a)'))")).toBe(true);
  });

  it('fails for a text of any other size than a field has', () => {
    expect(() => matchesPattern('x'.repeat(1025), 'x')).toThrow(BeyondLimit);
    const facts = new Facts({ identity: Facts.identityView({ title: 'x'.repeat(2000) }, 'active') }, undefined, undefined);
    const compiled = compileExpression("identity.title.matches('x')");
    expect('expression' in compiled && compiled.expression.evaluate(facts)).toBeInstanceOf(Failed);
  });
});
