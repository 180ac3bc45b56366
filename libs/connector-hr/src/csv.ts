/** A file that ends in the middle of something, or is none. The message says where, by line, and quotes nothing. */
export class CsvBroken extends Error {}

/** One line of a table, by column; a line of another length than the head. */
export type CsvRow = Readonly<Record<string, string>> | 'misshapen';

/** One cell: in quotes, with `""` for a quote, or as it stands. */
const cellAt = (text: string, at: number, separator: string): { cell: string; end: number } => {
  if (text[at] !== '"') {
    let end = at;
    while (end < text.length && text[end] !== separator && text[end] !== '\r' && text[end] !== '\n') end += 1;
    return { cell: text.slice(at, end), end };
  }
  let cell = '';
  for (let from = at + 1; ;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) throw new CsvBroken('the file ends inside quotes');
    cell += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { cell, end: quote + 1 };
    cell += '"';
    from = quote + 2;
  }
};

const afterLine = (text: string, at: number): number => (text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1);

const linesOf = (text: string, separator: string): string[][] => {
  const lines: string[][] = [];
  let line: string[] = [];
  let at = 0;
  while (at < text.length || line.length > 0) {
    const { cell, end } = cellAt(text, at, separator);
    line.push(cell);
    if (text[end] === separator) {
      at = end + 1;
      continue;
    }
    if (end < text.length && text[end] !== '\r' && text[end] !== '\n')
      throw new CsvBroken(`text behind a quote in line ${lines.length + 1}`);
    if (line.length > 1 || line[0] !== '') lines.push(line);
    line = [];
    at = afterLine(text, end);
  }
  return lines;
};

/**
 * Reads a table (RFC 4180; either line end, a byte order mark is passed over): a line of column names, then rows. Empty lines do not count.
 *
 * @throws CsvBroken for a file without a head, with a column named twice, or one that was cut: inside quotes, or within its last row.
 */
export const readCsv = (text: string, separator: string): CsvRow[] => {
  const [head, ...lines] = linesOf(text.replace(/^\uFEFF/, ''), separator);
  if (head === undefined) throw new CsvBroken('the file is empty');
  if (new Set(head).size < head.length) throw new CsvBroken('two columns have one name');
  const last = lines.at(-1);
  if (last && last.length < head.length) throw new CsvBroken('the file ends within a row');
  return lines.map((cells) =>
    cells.length === head.length ? Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])) : 'misshapen',
  );
};
