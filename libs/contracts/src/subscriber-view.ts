import { catalogue } from './catalogue.ts';
import { topics, type Topic } from './topics.ts';

/**
 * Personal fields of what is public, by the marks in the schemas: fields of events, and fields of the state that is folded from these events, have one name.
 * Derived, so that a field that is marked tomorrow is hidden from tomorrow on.
 */
const publicPersonal: ReadonlySet<string> = new Set(
  topics
    .filter((topic) => topic.public)
    .flatMap((topic) => [...catalogue.values()].filter(({ streams }) => streams.some((stream) => topic.categories.includes(stream))))
    .flatMap(({ personal }) => personal),
);

/** Personal fields that hold one entry for each attribute, and the fields in clear that tell of attributes by name. */
const byAttribute: ReadonlySet<string> = new Set(['attributes', 'losing']);
const namesAttributes: ReadonlySet<string> = new Set(['changed', 'provenance']);

const SUBSCRIBER = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** What may be granted to a subscriber, as a person would write it: `attributes`, `attributes.NAME`, `login`, ... */
export const grantable: readonly string[] = [...publicPersonal]
  .toSorted((a, b) => (a < b ? -1 : 1))
  .flatMap((field) => (byAttribute.has(field) ? [field, `${field}.NAME`] : [field]));

const partsOf = (grant: string): [field: string, attribute: string | undefined] => {
  const dot = grant.indexOf('.');
  return dot < 0 ? [grant, undefined] : [grant.slice(0, dot), grant.slice(dot + 1)];
};

/** Whether a text names a personal field of what is public (`login`), or one attribute in it (`attributes.department`). */
export const isGrant = (grant: string): boolean => {
  const [field, attribute] = partsOf(grant);
  if (!publicPersonal.has(field)) return false;
  return attribute === undefined || (byAttribute.has(field) && attribute !== '');
};

/**
 * The topic that stands beside a public one for a single subscriber: `muster.subscriber.<name>.identity.events.v1`. All topics of a subscriber have one prefix,
 * which ends with a dot, so that a permission on it covers nobody else's. Throws RangeError for a name that could be read as another.
 */
export const topicOfSubscriber = (topic: Topic, subscriber: string): Topic => {
  if (!SUBSCRIBER.test(subscriber)) throw new RangeError(`"${subscriber}" cannot be part of a topic's name`);
  return { ...topic, name: `muster.subscriber.${subscriber}.${topic.name.slice('muster.'.length)}` };
};

type Data = Readonly<Record<string, unknown>>;

/** What a subscriber is shown of an event's or a state's data. `sealed`: fields that the store held as ciphertext, whatever the contracts say of them. */
export type View = (data: Data, sealed?: readonly string[]) => Record<string, unknown>;

/**
 * The view of a subscriber that was granted some personal fields, and of personal data nothing else. A field without a grant is absent; of a field with one entry
 * for each attribute those entries stay that were granted; it is absent if none ever can. What merely names attributes names granted ones only. Everything
 * that is not personal stays as it is.
 */
export const viewFor = (grants: readonly string[]): View => {
  const whole = new Set(grants.filter((grant) => partsOf(grant)[1] === undefined));
  const single = new Set(grants);
  const seesEntry = (field: string, name: string): boolean => whole.has(field) || single.has(`${field}.${name}`);
  const seesAny = (field: string): boolean => grants.some((grant) => partsOf(grant)[0] === field);
  const seesName = (name: string): boolean => [...byAttribute].some((field) => seesEntry(field, name));
  const shown = (field: string, value: unknown, personal: boolean): unknown => {
    if (namesAttributes.has(field)) return only(value, seesName);
    if (!personal || whole.has(field)) return value;
    return byAttribute.has(field) && seesAny(field) ? only(value, (name) => seesEntry(field, name)) : undefined;
  };
  return (data, sealed = []) =>
    Object.fromEntries(
      Object.entries(data).flatMap(([field, value]) => {
        const seen = shown(field, value, publicPersonal.has(field) || sealed.includes(field));
        return seen === undefined ? [] : [[field, seen]];
      }),
    );
};

/** The entries of an object, or the names in a list, that may be seen; nothing of anything else. */
const only = (value: unknown, sees: (name: string) => boolean): unknown => {
  if (Array.isArray(value)) return value.filter((name) => typeof name === 'string' && sees(name));
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([name]) => sees(name)));
};
