import { describe, expect, it } from '@jest/globals';
import type { ReportConfig } from '@muster/connector';
import { isData } from '@muster/contracts';
import { mapRow, type Row } from './map-row.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const WORKER = 'urn:muster:scim:schemas:extension:worker:1.0:User';

const fields: ReportConfig['fields'] = {
  externalId: { from: 'ID' },
  employmentId: { from: 'Job_ID' },
  primary: { from: 'Main' },
  givenName: { from: 'First' },
  familyName: { from: 'Last' },
  title: { from: 'Title' },
  email: { from: 'Mail' },
  managerKey: { from: 'Manager.ID' },
  mobilePhone: { from: 'Mobile' },
  workPhone: { from: 'Phone' },
  locality: { from: 'Address.City' },
  timeZone: { from: 'Zone' },
  employmentType: { from: 'Type', values: { E: 'employee', C: 'contractor' } },
  status: { from: 'Status', values: { A: 'active', T: 'terminated' } },
  hireDate: { from: 'Hired' },
  leaveDate: { from: 'Left' },
  effectiveFrom: { from: 'Effective' },
  recordVersion: { from: 'Version' },
  apps: { from: 'Apps' },
};

const row = (more: Row = {}): Row => ({ ID: 'E1', First: 'Ada', Last: 'Byron', Status: 'A', Hired: '2026-03-01', ...more });
const recordOf = (given: Row, report: Partial<ReportConfig> = {}): Record<string, unknown> => {
  const mapped = mapRow(given, { fields, ...report });
  if ('problems' in mapped) throw new Error(JSON.stringify(mapped.problems));
  return mapped.record as unknown as Record<string, unknown>;
};
const problemsOf = (given: Row): string[] => {
  const mapped = mapRow(given, { fields });
  return 'problems' in mapped ? mapped.problems.map(({ field }) => field) : [];
};

describe('a row of the report', () => {
  it('A1: becomes a worker record as the push has it', () => {
    const record = recordOf(
      row({
        Title: 'Chief',
        Mail: 'ada@x.example',
        Manager: { ID: 'E9' },
        Mobile: '+44 1',
        Phone: '+44 2',
        Address: { City: 'London' },
        Zone: 'Europe/London',
        Type: 'C',
        Left: '2026-12-31T00:00:00.000-08:00',
        Effective: '2026-03-01',
        Version: '7',
        Job_ID: 'E1-2',
        Main: 'Yes',
        Apps: [{ app: 'crm', until: '2026-10-01', assignedBy: 'E9' }],
      }),
    );
    expect(isData('WorkerRecord', record)).toBe(true);
    expect(record).toMatchObject({
      externalId: 'E1',
      name: { givenName: 'Ada', familyName: 'Byron' },
      title: 'Chief',
      emails: [{ type: 'work', value: 'ada@x.example', primary: true }],
      phoneNumbers: [
        { type: 'work', value: '+44 2' },
        { type: 'mobile', value: '+44 1' },
      ],
      addresses: [{ type: 'work', locality: 'London' }],
      timezone: 'Europe/London',
      [ENTERPRISE]: { employeeNumber: 'E1', manager: { value: 'E9' } },
      [WORKER]: {
        recordVersion: 7,
        hireDate: '2026-03-01',
        leaveDate: '2026-12-31',
        timeZone: 'Europe/London',
        employmentType: 'contractor',
        status: 'active',
        effectiveFrom: '2026-03-01',
        employment: { id: 'E1-2', primary: true },
        apps: [{ app: 'crm', until: '2026-10-01', assignedBy: 'E9' }],
      },
    });
  });

  it('says nothing by a column that is not there, and clears by one that is empty', () => {
    const silent = recordOf(row());
    expect(silent).not.toHaveProperty('title');
    expect(silent).not.toHaveProperty('emails');
    expect(silent[WORKER]).not.toHaveProperty('leaveDate');
    const cleared = recordOf(row({ Title: '', Mail: '', Left: null, Manager: { ID: '' }, Mobile: '', Apps: '', Job_ID: '' }));
    expect(cleared).toMatchObject({
      title: null,
      emails: [],
      phoneNumbers: [],
      [ENTERPRISE]: { manager: null },
      [WORKER]: { leaveDate: null, apps: [] },
    });
    expect(cleared[WORKER]).not.toHaveProperty('employment');
  });

  it('has its watermark for a version if it has no other', () => {
    const watermark = { field: 'Changed', parameter: 'since', overlapMs: 0 };
    expect(recordOf(row({ Changed: '2026-03-01T10:00:00+02:00' }), { watermark })[WORKER]).toMatchObject({
      recordVersion: '2026-03-01T08:00:00.000Z',
    });
    expect(recordOf(row({ Changed: '2026-03-01T10:00:00+02:00', Version: 4 }), { watermark })[WORKER]).toMatchObject({ recordVersion: 4 });
  });

  it('takes apps as one text too', () => {
    expect(recordOf(row({ Apps: 'crm|2026-10-01|E9; wiki||E8' }))[WORKER]).toMatchObject({
      apps: [
        { app: 'crm', until: '2026-10-01', assignedBy: 'E9' },
        { app: 'wiki', assignedBy: 'E8' },
      ],
    });
  });

  it('H1: is refused with every problem at once, by column, and quotes no value', () => {
    const mapped = mapRow(row({ Hired: 'soon-secret', Zone: 'Mars/Olympus', Status: 'gone', Apps: 'crm||', Last: '', Version: 'one' }), {
      fields,
    });
    expect(mapped).toMatchObject({ key: 'E1' });
    if (!('problems' in mapped)) throw new Error('expected problems');
    expect(new Set(mapped.problems.map(({ field }) => field))).toEqual(new Set(['Hired', 'Zone', 'Status', 'Apps', 'Last', 'Version']));
    expect(mapped.problems).toHaveLength(6);
    expect(mapped.problems.find(({ field }) => field === 'Status')?.message).toContain('one of A, T');
    expect(JSON.stringify(mapped.problems)).not.toMatch(/soon-secret|Mars|gone/);
  });

  it('names the column of what only the whole record shows', () => {
    expect(problemsOf(row({ ID: 'x'.repeat(200) }))).toContain('ID');
    expect(problemsOf(row({ Title: 'x'.repeat(300) }))).toEqual(['Title']);
    expect(problemsOf(row({ Mobile: '1'.repeat(80) }))).toEqual(['Phone or Mobile']);
  });

  it('without a readable key is nobody', () => {
    const { ID: _id, ...nobody } = row();
    expect(mapRow(nobody, { fields })).not.toHaveProperty('key');
    expect(problemsOf(nobody)).toEqual(['ID']);
  });
});
