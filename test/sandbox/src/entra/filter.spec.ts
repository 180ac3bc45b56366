import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { compileFilter, isAdvanced, requiredValues } from './filter-evaluation.ts';
import { parseFilter } from './filter-syntax.ts';

const holds = (text: string, item: Parameters<ReturnType<typeof compileFilter>>[0]) => compileFilter(parseFilter(text))(item);

describe('a filter', () => {
  it.each([
    ["a eq 'x' or b eq 'y' and c eq 'z'", { a: 'x' }, true],
    ["(a eq 'x' or b eq 'y') and c eq 'z'", { a: 'x' }, false],
    ["not a eq 'x' and b eq 'y'", { a: 'w', b: 'y' }, true],
    ["not (a eq 'x' and b eq 'y')", { a: 'x', b: 'w' }, true],
    ["a eq 'X'", { a: 'x' }, true],
    ["a ne 'x'", {}, true],
    ['a eq null', { a: null }, true],
    ['a ne null', {}, false],
    ["a in ('x','y')", { a: 'Y' }, true],
    ['a eq true', { a: true }, true],
    ['a ge 2026-01-01T00:00:00Z', { a: '2026-01-01T01:00:00+01:00' }, true],
    ['a lt 2026-01-01T00:00:00Z', {}, false],
    ['a gt 3', { a: 4 }, true],
    ["startsWith(a,'it''s')", { a: "It's me" }, true],
    ["endsWith(a,'me')", { a: "It's ME" }, true],
    ["a/b eq 'x'", { a: { b: 'x' } }, true],
    ["a/any(v:v eq 'x')", { a: ['w', 'x'] }, true],
    [
      "a/any(v:v/id eq 'x' and v/n eq 2)",
      {
        a: [
          { id: 'x', n: 1 },
          { id: 'y', n: 2 },
        ],
      },
      false,
    ],
    ['a/any()', { a: [] }, false],
    ['a/$count eq 0', { a: [] }, true],
  ])('%s is, for %j, %s', (text, item, expected) => {
    expect(holds(text, item)).toBe(expected);
  });

  it.each(["a eq 'x", 'a eq', "a is 'x'", "(a eq 'x'", "a eq 'x' b", "startsWith(a 'x')", 'a in ()', '', `${'('.repeat(80)}a eq 1`])(
    'that reads %j is refused with a position or a reason',
    (text) => {
      expect(() => parseFilter(text)).toThrow(/Invalid filter clause/);
    },
  );

  it('keeps every text that is quoted as OData wants it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        expect(holds(`a eq '${value.replaceAll("'", "''")}'`, { a: value })).toBe(true);
      }),
    );
  });

  it.each([
    ["a ne 'x'", true],
    ["not startsWith(a,'x')", true],
    ["b eq 1 and endsWith(a,'x')", true],
    ['a eq null', true],
    ["a eq 'x' or startsWith(b,'y')", false],
    ["a/any(v:v eq 'x')", false],
  ])('%s is advanced: %s', (text, expected) => {
    expect(isAdvanced(parseFilter(text))).toBe(expected);
  });

  it('says which values of a property it lets through, and only when it lets through no other', () => {
    expect(requiredValues(parseFilter("a eq 'x' and b eq 'y'"), 'a')).toEqual(['x']);
    expect(requiredValues(parseFilter("a eq 'x' or a in ('y','z')"), 'a')).toEqual(['x', 'y', 'z']);
    expect(requiredValues(parseFilter("a eq 'x' or b eq 'y'"), 'a')).toBeUndefined();
    expect(requiredValues(parseFilter("not (a eq 'x')"), 'a')).toBeUndefined();
  });
});
