import { describe, expect, it } from '@jest/globals';
import { flatten, literal, nest, selectOf } from './properties.ts';

describe('attributes of Graph', () => {
  it('are read under dotted names where they are nested; what is not shown is null', () => {
    const user = { jobTitle: 'Engineer', employeeOrgData: { division: 'North' }, businessPhones: ['+48 1'], unknown: {} };
    expect(flatten(user, ['jobTitle', 'employeeOrgData.division', 'employeeOrgData.costCenter', 'businessPhones', 'city'])).toEqual({
      jobTitle: 'Engineer',
      'employeeOrgData.division': 'North',
      'employeeOrgData.costCenter': null,
      businessPhones: ['+48 1'],
      city: null,
    });
    expect(flatten({ employeeOrgData: null }, ['employeeOrgData.division'])).toEqual({ 'employeeOrgData.division': null });
  });

  it('are written nested, with null clearing one and an empty list a list', () => {
    expect(nest({ 'employeeOrgData.division': 'North', 'employeeOrgData.costCenter': null, city: null, businessPhones: null })).toEqual({
      employeeOrgData: { division: 'North', costCenter: null },
      city: null,
      businessPhones: [],
    });
    expect(nest({ businessPhones: '+48 1' })).toEqual({ businessPhones: ['+48 1'] });
  });

  it('are what they were after writing and reading', () => {
    const profile = { 'employeeOrgData.division': 'North', city: 'Gdynia', businessPhones: ['1'] };
    expect(flatten(nest(profile), Object.keys(profile))).toEqual(profile);
  });

  it('are selected once each, by their root', () => {
    expect(selectOf(['city', 'employeeOrgData.division', 'employeeOrgData.costCenter', 'id'], ['id'])).toBe('id,city,employeeOrgData');
  });

  it('stand in a filter quoted and encoded', () => {
    expect(literal("O'Neil & Sons #1+")).toBe("'O''Neil%20%26%20Sons%20%231%2B'");
  });
});
