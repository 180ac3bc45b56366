import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CsvBroken, readCsv } from './csv.ts';

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

describe('a table', () => {
  it('has its rows by column name, whatever stands in quotes and however lines end', () => {
    expect(readCsv('\uFEFFid,name\r\n1,"Byron, ""Ada"""\n\n2,"two\r\nlines"\r\n', ',')).toEqual([
      { id: '1', name: 'Byron, "Ada"' },
      { id: '2', name: 'two\r\nlines' },
    ]);
    expect(readCsv('id;name\n1;a,b', ';')).toEqual([{ id: '1', name: 'a,b' }]);
    expect(readCsv('id,name\n', ',')).toEqual([]);
  });

  it('gives back every text that was put into quotes', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 8 }), (rows) => {
        const text = ['x,y', ...rows.map((cells) => cells.map(quoted).join(','))].join('\r\n');
        expect(readCsv(text, ',')).toEqual(rows.map(([x, y]) => ({ x, y })));
      }),
    );
  });

  it('keeps an empty last cell, and knows a row of another length in the middle', () => {
    expect(readCsv('a,b\n1,\n2\n3,4\n', ',')).toEqual([{ a: '1', b: '' }, 'misshapen', { a: '3', b: '4' }]);
  });

  it.each([
    ['that is empty', ''],
    ['that ends inside quotes', 'a,b\n1,"two'],
    ['that ends within a row', 'a,b,c\n1,2,3\n4,5'],
    ['with two columns of one name', 'a,a\n1,2\n'],
    ['with text behind a quote', 'a,b\n"1"x,2\n'],
  ])('%s is none', (_what, text) => {
    expect(() => readCsv(text, ',')).toThrow(CsvBroken);
  });
});
