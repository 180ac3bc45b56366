import type { FlowDocument } from '@muster/contracts';
import type { CheckedConnection, FlowCheck } from './flow-check.ts';
import { nearest } from './language/nearest.ts';
import type { VendorAttribute, VendorCatalogue } from './vendors/attribute.ts';
import { attributeOf, requiredAttributes } from './vendors/catalogue.ts';

type Account = NonNullable<FlowDocument['steps'][number]['account']>;
interface Target {
  readonly connection: CheckedConnection;
  readonly catalogue: VendorCatalogue;
}
interface Mapped {
  readonly name: string;
  readonly value: string;
  /** Of the name and of the expression. */
  readonly at: { readonly name: string; readonly value: string; readonly key?: 'key' };
}

const celTypes: Readonly<Record<VendorAttribute['type'], string>> = {
  string: 'string',
  boolean: 'bool',
  integer: 'int',
  strings: 'list<string>',
};
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

const mappedAttributes = (account: Account, pointer: string): Mapped[] => [
  ...(['matchKey', 'login'] as const).map((key) => ({
    name: account[key].attribute,
    value: account[key].value,
    at: { name: `${pointer}/${key}/attribute`, value: `${pointer}/${key}/value` },
  })),
  ...Object.entries(account.attributes).map(([name, stated]) => {
    const at = `${pointer}/attributes/${escaped(name)}`;
    const value = typeof stated === 'string' ? stated : stated.value;
    return { name, value, at: { name: at, value: typeof stated === 'string' ? at : `${at}/value`, key: 'key' as const } };
  }),
];

const keyWords = (name: string, { key }: VendorAttribute): { message: string; remedy: string } =>
  key === 'enabled'
    ? { message: `${name} is not mapped as an attribute`, remedy: 'Write it as enabled: of the account step.' }
    : {
        message: `${name} is a reference to an account, not a text`,
        remedy: 'Write it as manager: { workerKey: ... } of the account step.',
      };

const unknownWords = (name: string, { title, attributes }: VendorCatalogue): { message: string; remedy: string } => {
  const near = nearest(name, Object.keys(attributes));
  return {
    message: `${title} has no attribute "${name}"`,
    remedy: near ? `Did you mean ${near}?` : 'Correct the name; a custom attribute must be declared under writes of the connection.',
  };
};

/** Whether the attribute can be mapped; says why if not. */
const isMappable = (check: FlowCheck, mapped: Mapped, { connection, catalogue }: Target): VendorAttribute | undefined => {
  const { name, at } = mapped;
  const attribute = attributeOf(catalogue, name, connection.writes);
  if (attribute === undefined) check.refuse(at.name, unknownWords(name, catalogue), at.key);
  else if (attribute.readOnly) check.refuse(at.name, { message: `${name} cannot be written`, remedy: attribute.readOnly }, at.key);
  else if (attribute.key) check.refuse(at.name, keyWords(name, attribute), at.key);
  else return attribute;
  return undefined;
};

const checkTwice = (check: FlowCheck, all: readonly Mapped[]): void => {
  const seen = new Set<string>();
  for (const { name, at } of all) {
    const words = { message: `${name} is mapped twice`, remedy: 'Leave it out under attributes: matchKey and login write it.' };
    if (seen.has(name)) check.refuse(at.name, words, at.key);
    seen.add(name);
  }
};

const checkMissing = (check: FlowCheck, account: Account, pointer: string, { catalogue }: Target): void => {
  const mapped = new Set(mappedAttributes(account, pointer).map(({ name }) => name));
  for (const name of requiredAttributes(catalogue)) {
    const words = { message: `${catalogue.title} needs ${name}, and it is not mapped`, remedy: `Add ${name} under attributes.` };
    if (!mapped.has(name)) check.refuse(`${pointer}/attributes`, words, 'key');
  }
  const status = Object.entries(catalogue.attributes).find(([, attribute]) => attribute.key === 'enabled' && attribute.required);
  if (!status || account.enabled !== undefined) return;
  check.refuse(
    pointer,
    { message: `${catalogue.title} needs ${status[0]}, and it is not mapped`, remedy: 'Add enabled: to the account step.' },
    'key',
  );
};

const checkManager = (check: FlowCheck, account: Account, pointer: string, { catalogue }: Target): void => {
  if (!account.manager) return;
  const words = { message: `${catalogue.title} holds the manager as text`, remedy: 'Map managerId and manager under attributes instead.' };
  if (!catalogue.managerIsReference) check.refuse(`${pointer}/manager`, words, 'key');
};

const listUnmapped = (check: FlowCheck, step: { id: string; account: Account }, all: readonly Mapped[], { catalogue }: Target): void => {
  const mapped = new Set(all.map(({ name }) => name));
  const attributes = Object.entries(catalogue.attributes)
    .filter(([name, { readOnly, key }]) => !mapped.has(name) && readOnly === undefined && key === undefined)
    .map(([name]) => name);
  if (attributes.length > 0) check.unmapped.push({ step: step.id, connection: step.account.connection, attributes });
};

/** Checks an account step: without a known target only its expressions. */
export const checkAccount = (
  check: FlowCheck,
  step: { readonly id: string; readonly account: Account },
  pointer: string,
  target: Target | undefined,
): void => {
  const { account } = step;
  const all = mappedAttributes(account, pointer);
  if (account.enabled !== undefined) check.expression(`${pointer}/enabled`, account.enabled, ['bool']);
  if (account.manager) check.expression(`${pointer}/manager/workerKey`, account.manager.workerKey, ['string']);
  for (const mapped of all) {
    const attribute = target && isMappable(check, mapped, target);
    check.expression(mapped.at.value, mapped.value, attribute ? [celTypes[attribute.type]] : Object.values(celTypes));
  }
  if (!target) return;
  checkTwice(check, all);
  checkMissing(check, account, pointer, target);
  checkManager(check, account, pointer, target);
  listUnmapped(check, step, all, target);
};
