import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');

interface Row {
  readonly fault: string;
  readonly does: string;
  readonly shown: readonly { readonly file: string; readonly title: string }[];
}

/** The last column of each row: references like `file` > title, one behind the other; titles may hold semicolons. */
function rowsOf(table: string): Row[] {
  return table
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.endsWith('| Shown by |'))
    .map((line) => {
      const [fault = '', , does = '', by = ''] = line.slice(2, -2).split(/ (?<!\\)\| /);
      const shown = by.split(/; (?=`[^`]+` > )/).map((reference) => {
        const [, file = '', title = ''] = /^`([^`]+)` > (.+)$/.exec(reference) ?? [];
        return { file, title };
      });
      return { fault, does, shown };
    });
}

const holds = (file: string, title: string): boolean => {
  const path = join(root, file);
  if (file === '' || title === '' || !existsSync(path)) return false;
  return [`it('${title}',`, `)('${title}',`, `'${title}',\n`].some((form) => readFileSync(path, 'utf8').includes(form));
};

const rows = rowsOf(readFileSync(join(root, 'test/sandbox/FAULTS.md'), 'utf8'));

describe('the table of faults', () => {
  it('names for every fault specs that are there', () => {
    expect(rows.length).toBeGreaterThan(40);
    const lost = rows.flatMap(({ fault, shown }) =>
      shown.filter(({ file, title }) => !holds(file, title)).map((one) => ({ fault, ...one })),
    );
    expect(lost).toEqual([]);
  });

  it('says of a fault what the product does only where a spec outside the sandbox shows it', () => {
    const claims = rows.filter(({ does, shown }) => (does === '-') !== shown.every(({ file }) => file.startsWith('test/sandbox/')));
    expect(claims.map(({ fault }) => fault)).toEqual([]);
  });
});
