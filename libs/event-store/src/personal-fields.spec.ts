import { beforeEach, describe, expect, it } from '@jest/globals';
import { catalogue, keySubject, personalFields } from '@muster/contracts';
import { CannotDecrypt } from './errors.ts';
import type { DataKey, KeyRing } from './key-ring.ts';
import { PersonalFields } from './personal-fields.ts';
import { InMemoryKeyRing } from './testing/key-rings.ts';

const privacy = {
  personalFields: (type: string) => (type === 'Plain' ? [] : ['name', 'mail']),
  keySubject: (stream: string) => (stream.startsWith('run-') ? undefined : stream),
};
const event = (data: object, stream = 'worker-hr.1', type = 'Noted') => ({ stream, type, data });

let ring: InMemoryKeyRing;
let fields: PersonalFields;
beforeEach(() => {
  ring = new InMemoryKeyRing();
  fields = new PersonalFields({ keyRing: ring, privacy });
});

describe('sealing', () => {
  it('moves the personal fields into one blob and leaves the others', async () => {
    const data = { n: 1, name: 'Ada', mail: [{ work: 'a@example.test' }] };
    const sealed = await fields.seal(event(data));
    expect(Object.keys(sealed)).toEqual(['n', '$personal']);
    expect(JSON.stringify(sealed)).not.toMatch(/Ada|example/);
    expect((sealed as { $personal: object }).$personal).toEqual({ k: (await ring.keyFor('worker-hr.1')).id, v: expect.any(String) });
    expect(data).toEqual({ n: 1, name: 'Ada', mail: [{ work: 'a@example.test' }] });
    expect(await fields.open(event(sealed))).toEqual({ data });
  });

  it.each([
    ['of a type without personal fields', event({ name: 'public' }, 'worker-hr.1', 'Plain')],
    ['without any of its personal fields', event({ n: 1 })],
  ])('data %s keeps them as they are and makes no key', async (_, given) => {
    expect(await fields.seal(given)).toBe(given.data);
    expect(await fields.open(given)).toEqual({ data: given.data });
  });

  it('keeps null, which says more than absence', async () => {
    const sealed = await fields.seal(event({ name: null }));
    expect((await fields.open(event(sealed))).data).toEqual({ name: null });
  });

  it('refuses personal fields where no key belongs, naming the fields and not their values', async () => {
    await expect(fields.seal(event({ name: 'Ada' }, 'run-1'))).rejects.toThrow(/Noted holds personal fields \(name\) but run-1/);
    await expect(fields.seal(event({ name: 'Ada' }, 'run-1'))).rejects.not.toThrow(/Ada/);
  });
});

describe('opening', () => {
  it.each([
    ['in another stream', (sealed: object) => event(sealed, 'worker-hr.2')],
    ['under another type', (sealed: object) => event(sealed, 'worker-hr.1', 'Other')],
  ])('a blob that was put %s fails, and says nothing of its content', async (_, move) => {
    const moved = move(await fields.seal(event({ name: 'Ada' })));
    await expect(fields.open(moved)).rejects.toThrow(CannotDecrypt);
    await expect(fields.open(moved)).rejects.not.toThrow(/Ada/);
  });

  it('with a destroyed key leaves the fields out and says so', async () => {
    const sealed = await fields.seal(event({ n: 1, name: 'Ada' }));
    await ring.destroy('worker-hr.1');
    fields.forgetKeys();
    expect(await fields.open(event(sealed))).toEqual({ data: { n: 1 }, erased: true });
    await expect(fields.seal(event({ name: 'Ada' }))).rejects.toThrow(/destroyed/);
  });

  it('of many asks the ring once for all their keys, and not again', async () => {
    const sealed = await Promise.all(
      Array.from({ length: 50 }, async (_, n) =>
        event(await fields.seal(event({ n, name: `Ada ${n}` }, `worker-hr.${n % 10}`)), `worker-hr.${n % 10}`),
      ),
    );
    await ring.destroy('worker-hr.3');
    const asked: (readonly string[])[] = [];
    const counting: KeyRing = {
      keyFor: (subject) => ring.keyFor(subject),
      naming: () => ring.naming(),
      find: () => Promise.reject(new Error('one at a time')),
      findMany: async (ids) => {
        asked.push(ids);
        const found = await Promise.all(ids.map((id) => ring.find(id)));
        return new Map(found.filter((key): key is DataKey => key !== undefined).map((key) => [key.id, key]));
      },
    };
    const fresh = new PersonalFields({ keyRing: counting, privacy });
    const opened = await fresh.openAll(sealed);
    expect(opened.map(({ data, erased }) => data['name'] ?? erased)).toEqual(
      Array.from({ length: 50 }, (_, n) => (n % 10 === 3 ? true : `Ada ${n}`)),
    );
    await fresh.openAll(sealed);
    expect(asked.map((ids) => ids.length)).toEqual([10]);
  });

  it('does not keep a failure of the ring', async () => {
    const sealed = await fields.seal(event({ name: 'Ada' }));
    let down = true;
    const flaky: KeyRing = {
      keyFor: (subject) => ring.keyFor(subject),
      naming: () => ring.naming(),
      find: (id) => (down ? Promise.reject(new Error('down')) : ring.find(id)),
    };
    const fresh = new PersonalFields({ keyRing: flaky, privacy });
    await expect(fresh.open(event(sealed))).rejects.toThrow('down');
    down = false;
    expect((await fresh.open(event(sealed))).data).toEqual({ name: 'Ada' });
  });
});

describe('hashes', () => {
  it('of equal values are equal whatever the order of their members, and differ between subjects', async () => {
    const one = await fields.valueHmac('identity-1', { a: 1, b: [2, { c: 'é', d: null }] });
    expect(await fields.valueHmac('identity-1', { b: [2, { d: null, c: 'é' }], a: 1 })).toBe(one);
    expect(await fields.valueHmac('identity-1', { a: 1, b: [2, { c: 'é' }] })).not.toBe(one);
    expect(await fields.valueHmac('identity-2', { a: 1, b: [2, { c: 'é', d: null }] })).not.toBe(one);
    expect(one).toMatch(/^[\w-]{43}$/);
  });

  it('of names depend on the parts, not on how they are put together', async () => {
    expect(await fields.opaqueName('hr', 'a', 'b')).toBe(await fields.opaqueName('hr', 'a', 'b'));
    expect(await fields.opaqueName('hr', 'ab')).not.toBe(await fields.opaqueName('hr', 'a', 'b'));
    expect(await new PersonalFields({ keyRing: new InMemoryKeyRing(), privacy }).opaqueName('hr', 'ab')).not.toBe(
      await fields.opaqueName('hr', 'ab'),
    );
  });
});

it('every event type of the contracts with personal fields has a key in every stream that it is written to', () => {
  const without = [...catalogue.values()].filter(
    ({ personal, streams }) => personal.length > 0 && streams.some((category) => keySubject(`${category}-x.1`) === undefined),
  );
  expect(without.map(({ type }) => type)).toEqual([]);
  expect([...catalogue.keys()].some((type) => personalFields(type).length > 0)).toBe(true);
});
