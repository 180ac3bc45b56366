import { describe, expect, it } from '@jest/globals';
import { ConnectionFileInvalid } from './config-problems.ts';
import { parseConnectionFile } from './connection-file.ts';

const sources = { file: 'connections.yaml', env: { HR_TOKEN: 'hr-secret-token' }, readFile: () => '' };

const pulled = `
connections:
  - name: hr-main
    kind: hr
    url: https://hr.example.com/reports/workers
    authoritative: true
    credential: { token: env:HR_TOKEN }
    intervals: { incremental: 10min }
    report:
      format: json
      rows: Report_Entry
      next: paging.next
      total: total
      pageSize: 500
      watermark: { field: Last_Modified, parameter: updatedSince, overlap: 2min }
      fields:
        externalId: Employee_ID
        givenName: First_Name
        familyName: Last_Name
        hireDate: Hire_Date
        effectiveFrom: Effective_Date
        status: { from: Worker_Status, values: { A: active, T: terminated } }
`;

const problemsOf = (text: string): [path: string, message: string][] => {
  try {
    parseConnectionFile(text, sources);
  } catch (error) {
    if (error instanceof ConnectionFileInvalid) return error.problems.map(({ path, message }) => [path, message]);
    throw error;
  }
  throw new Error('expected problems');
};

describe('the worker report of a connection file', () => {
  it('says how the report is fetched and what its fields are called; the rest has start values', () => {
    const [hr] = parseConnectionFile(pulled, sources).connections;
    expect(hr).toMatchObject({
      kind: 'hr',
      url: 'https://hr.example.com/reports/workers',
      incrementalMs: 600_000,
      fullMs: 86_400_000,
      report: {
        format: 'json',
        rows: 'Report_Entry',
        next: 'paging.next',
        total: 'total',
        separator: ',',
        pageSize: 500,
        parameters: { pageSize: 'limit', cursor: 'cursor' },
        watermark: { field: 'Last_Modified', parameter: 'updatedSince', overlapMs: 120_000 },
        fields: { externalId: { from: 'Employee_ID' }, status: { from: 'Worker_Status', values: { A: 'active', T: 'terminated' } } },
      },
    });
  });

  it('needs an address and a credential', () => {
    expect(problemsOf(pulled.replace(/ {4}url:.*\n/, ''))).toEqual([['connections[0].url', 'missing']]);
    expect(problemsOf(pulled.replace(/ {4}credential:.*\n/, ''))).toContainEqual(['connections[0].credential', 'missing']);
  });

  it('names every problem at once', () => {
    const text = pulled
      .replace('format: json', 'format: xml')
      .replace('pageSize: 500', 'pageSize: 0')
      .replace('watermark: {', 'watermark: { colour: red,')
      .replace('        hireDate: Hire_Date\n', '        salary: Salary\n')
      .replace('from: Worker_Status, ', '');
    expect(problemsOf(text)).toEqual([
      ['connections[0].report.format', 'not a known word'],
      ['connections[0].report.pageSize', 'not a number of rows'],
      ['connections[0].report.watermark.colour', 'unknown key'],
      ['connections[0].report.fields.salary', 'unknown key'],
      ['connections[0].report.fields.hireDate', 'missing'],
      ['connections[0].report.fields.status.from', 'missing'],
    ]);
  });

  it('refuses rows of several dates that nothing puts in order', () => {
    expect(problemsOf(pulled.replace(/ {6}watermark:.*\n/, ''))).toEqual([
      ['connections[0].report.fields.effectiveFrom', 'rows of several dates need a version'],
    ]);
  });

  it('is left out where HR only pushes', () => {
    const [hr] = parseConnectionFile('connections: [{ name: hr-main, kind: hr }]', sources).connections;
    expect(hr).not.toHaveProperty('report');
  });
});
