import type { FaultKind } from './faults.ts';
import type { AdminEdit, Script, Stranger } from './script.ts';
import type { TrueAccount, Vendor } from './vendor.ts';
import type { World } from './world.ts';

/** Accounts that are not of our making. */
export interface Baseline {
  readonly existing: Map<string, string>;
  readonly strangers: Set<string>;
}

const blank: Omit<TrueAccount, 'id' | 'login'> = { profile: {}, enabled: true, manager: null, groups: [], apps: [] };

/** Accounts that were there before us, some of them of our people, some with a login that one of them would get. */
export const layBaseline = (world: World, connection: string, script: Script): Baseline => {
  const { random, faults } = world;
  const vendor = world.vendor(connection);
  const baseline: Baseline = { existing: new Map(), strangers: new Set() };
  for (const key of script.people) {
    if (!faults.strikes('existing account', 0.15)) continue;
    const account = {
      ...blank,
      login: `old${key}@example.com`,
      profile: { employeeNumber: key, title: 'Old' },
      enabled: !random.chance(0.2),
    };
    baseline.existing.set(key, vendor.found(account));
  }
  if (faults.strikes('login taken by a stranger', 0.2))
    baseline.strangers.add(vendor.add({ ...blank, login: 'ada.byron@example.com' }, 'admin'));
  return baseline;
};

const editChange = (edit: AdminEdit, account: TrueAccount): Partial<TrueAccount> => {
  switch (edit.do) {
    case 'disable':
    case 'enable':
      return { enabled: edit.do === 'enable' };
    case 'drift':
      return { profile: { ...account.profile, [edit.field]: edit.value } };
    case 'ungroup':
      return { groups: [] };
    case 'rename':
      return { login: `renamed.${account.login}` };
    case 'delete':
      return {};
  }
};

const editKinds: Record<AdminEdit['do'], FaultKind> = {
  disable: 'disabled by hand',
  enable: 'enabled by hand',
  drift: 'drift by hand',
  ungroup: 'membership removed by hand',
  rename: 'login renamed by hand',
  delete: 'deleted by hand',
};

/** Somebody changes an account by hand. */
export const applyEdit = (world: World, edit: AdminEdit): void => {
  const vendor = world.vendor(edit.connection);
  const found = vendor.everything().find(({ account, deleted }) => !deleted && account.profile['employeeNumber'] === edit.key);
  if (found === undefined) return;
  const done = edit.do === 'delete' || vendor.edit(found.account.id, 'admin', editChange(edit, found.account));
  if (edit.do === 'delete') vendor.remove(found.account.id, 'admin');
  if (done) world.faults.note(editKinds[edit.do]);
};

/** A second writer: now and then somebody undoes what we wrote, before or after anybody has read it. */
export const undoSome = (world: World, vendor: Vendor): void => {
  const { clock, faults, random } = world;
  const tell = vendor.onChange;
  vendor.onChange = (entry) => {
    tell(entry);
    const ours = entry.actor === 'muster' && entry.what !== 'created' && entry.what !== 'deleted';
    if (!ours || world.setup.outside === 0 || faults.calm || !random.chance(0.06)) return;
    clock.at(clock.now + random.between(1, random.pick([2000, 60_000])), () => {
      if (vendor.undo(entry.accountId, 'admin')) faults.note('our write undone by hand');
    });
  };
};

/** Somebody who is none of our people gets an account. */
export const appear = (world: World, { connection, login }: Stranger, baseline: Baseline | undefined): void => {
  const vendor = world.vendor(connection);
  if (vendor.logins.has(login)) return;
  world.faults.note('login taken by a stranger');
  baseline?.strangers.add(vendor.add({ ...blank, login }, 'admin'));
};

/** One account that groups refuse from now on. */
export const poison = (world: World): void => {
  for (const vendor of world.vendors.values()) {
    const [first] = vendor.ids;
    if (first !== undefined && vendor.truth(first)?.profile['employeeNumber'] !== undefined) vendor.poisoned.add(first);
  }
};
