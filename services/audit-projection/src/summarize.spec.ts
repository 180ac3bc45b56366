import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { catalogue, personalFields, schemaOf, type EventType } from '@muster/contracts';
import type { NameOf } from './object-names.ts';
import { summarize } from './summarize.ts';

const nameOf: NameOf = (_connection, { kind, id }) => (kind === 'group' && id === 'g1' ? 'Engineering' : undefined);

const EXAMPLES = fileURLToPath(new URL('../../../contracts/examples/', import.meta.url));

const examplesOf = (type: string): object[] => {
  const folder = `${EXAMPLES}${schemaOf(type as EventType).replace('muster:', '')}/valid/`;
  return readdirSync(folder).map((file) => JSON.parse(readFileSync(folder + file, 'utf8')) as object);
};

const types = [...catalogue.keys()];

describe('the summary of an event', () => {
  it.each(types)('is one line for every example of %s', (type) => {
    const examples = examplesOf(type);
    expect(examples.length).toBeGreaterThan(0);
    for (const data of examples) expect(summarize({ type, data }, nameOf)).toMatch(/^(?!.*(undefined|\[object|NaN))[^\n]{8,}$/);
  });

  it.each(types.filter((type) => personalFields(type).length > 0))('still is one when the personal fields of %s are erased', (type) => {
    for (const example of examplesOf(type)) {
      const data = Object.fromEntries(Object.entries(example).filter(([name]) => !personalFields(type).includes(name)));
      expect(summarize({ type, data }, nameOf)).toMatch(/^(?!.*(undefined|\[object|NaN))[^\n]{8,}$/);
    }
  });

  it('says that a type of a later version is not known here', () => {
    expect(summarize({ type: 'PersonTeleported', data: {} }, nameOf)).toBe('PersonTeleported (unknown to this version)');
  });

  const ended = (more: object) =>
    summarize(
      {
        type: 'CommandEnded',
        data: {
          connection: 'okta-main',
          object: { kind: 'account', id: '00u1' },
          action: 'set',
          field: 'title',
          value: 'Lead',
          result: 'done',
          attempts: 1,
          probed: false,
          ...more,
        },
      },
      nameOf,
    );

  it.each([
    [{}, 'okta-main: set title to Lead'],
    [{ value: null }, 'okta-main: set title to nothing'],
    [{ action: 'create', profile: { a: '1', b: '2', c: '3', d: '4' } }, 'okta-main: created account 00u1 (a, b, c and 1 more; 4 fields)'],
    [{ action: 'grant', entitlement: { kind: 'group', id: 'g1' } }, 'okta-main: granted group Engineering (g1)'],
    [{ action: 'revoke', entitlement: { kind: 'app', id: 'a1' } }, 'okta-main: revoked app a1'],
    [{ action: 'disable' }, 'okta-main: disabled account 00u1'],
    [{ result: 'found', probed: true }, 'okta-main: found already done: set title to Lead, told by a look-up'],
    [
      { result: 'refused', attempts: 3, fault: { message: 'too long' } },
      'okta-main: refused to set title to Lead, after 3 attempts: too long',
    ],
    [{ result: 'superseded' }, 'okta-main: not wanted any more: set title to Lead'],
    [{ result: 'unknown' }, 'okta-main: nobody can say whether it happened: set title to Lead'],
  ])('tells an end by its result: %j', (more, text) => {
    expect(ended(more)).toBe(text);
  });

  it('names what changed, with the values, and no more than a line can hold', () => {
    const attributes = Object.fromEntries(Array.from({ length: 14 }, (_, index) => [`a${index}`, 'x'.repeat(100)]));
    const text = summarize({ type: 'IdentityAttributesChanged', data: { attributes, changed: Object.keys(attributes) } }, nameOf);
    expect(text).toMatch(/^attributes changed \(a0: x{80}…, .*a11: x{80}… and 2 more\)$/);
  });
});
