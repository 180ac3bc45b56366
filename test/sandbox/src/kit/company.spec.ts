import { describe, expect, it } from '@jest/globals';
import { drawCompany } from './company.ts';

describe('a drawn company', () => {
  const company = drawCompany();

  it('has the asked size, unique keys and unique plain logins', () => {
    expect([company.workers.length, company.groups.length, company.apps.length]).toEqual([200, 30, 8]);
    expect(new Set(company.workers.map(({ key }) => key)).size).toBe(200);
    expect(new Set(company.workers.map(({ login }) => login)).size).toBe(200);
    for (const { login } of company.workers) expect(login).toMatch(/^[a-z0-9.-]+\.[a-z0-9.-]+@kestrel\.example$/);
    expect(new Set(company.groups.map(({ name }) => name)).size).toBe(30);
    for (const { groups } of company.apps) expect(groups.length).toBeGreaterThan(0);
  });

  it('is a tree of managers with one root', () => {
    const managers = new Map(company.workers.map(({ key, managerKey }) => [key, managerKey]));
    expect([...managers.values()].filter((key) => key === undefined)).toHaveLength(1);
    for (const { key } of company.workers) {
      let at: string | undefined = key;
      for (let steps = 0; at !== undefined; steps++) {
        expect(steps).toBeLessThan(200);
        at = managers.get(at);
      }
    }
  });

  it('has names beyond ASCII and people of the same name', () => {
    expect(company.workers.some(({ familyName }) => /\P{ASCII}/u.test(familyName))).toBe(true);
    expect(new Set(company.workers.map(({ displayName }) => displayName)).size).toBeLessThan(200);
  });

  it('is the same for the same seed and another one for another', () => {
    expect(drawCompany()).toEqual(company);
    expect(drawCompany({ seed: 2 }).workers[0]).not.toEqual(company.workers[0]);
  });
});
