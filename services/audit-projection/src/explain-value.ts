import { type EntitlementRef, streamOf } from '@muster/contracts';
import type { EventStore, RecordedEvent } from '@muster/event-store';
import { type CanonicalExplanation, canonicalAttributes, explain, type Question, type TargetExplanation } from '@muster/identity';
import type { Database } from '@muster/read-store';
import { type Chain, canonicalChain, loginChain, targetChain } from './chains.ts';
import { entitlementsOf } from './entitlements-of.ts';
import type { Person } from './find-person.ts';
import { type NameOf, namesOf, objectsNamed } from './object-names.ts';
import { objectKey, objectsAt } from './objects.ts';
import { readEvents, readHistory } from './person-history.ts';
import { personThen } from './show-as-of.ts';
import { projectedUpTo, type UpTo } from './up-to.ts';
import { flowsInForce } from './traced-flows.ts';
import { type Absence, whyNot } from './why-not.ts';

export interface Why {
  readonly upTo: UpTo;
  readonly person: Person;
  readonly subject: string;
  readonly chains: readonly Chain[];
  /** Of a group or app that is asked about and not held now: why not, by connection. */
  readonly absences: readonly { readonly connection: string; readonly object: string; readonly reasons: readonly Absence[] }[];
}

interface Asked {
  /** A canonical attribute, an attribute of a target, `status`, `manager`, `group:NAME` or `app:NAME`. */
  readonly attribute: string;
  /** In this connection only. */
  readonly connection?: string;
}

/** Where explanations come from: the events of one person, and how groups and apps are called. */
interface Sources {
  readonly store: EventStore;
  readonly upTo: string;
  readonly history: readonly RecordedEvent[];
  readonly nameOf: NameOf;
}

/**
 * Why a value or an entitlement is what it is: from the record over decision, flow and plan to each attempt and the read that saw it. Every event that
 * is cited is in the store.
 */
export async function explainValue(
  { store, db, now }: { store: EventStore; db: Database; now: string },
  person: Person,
  asked: Asked,
): Promise<Why> {
  const upTo = await projectedUpTo(db);
  const { events: history } = await readHistory(store, person.identityId, { upTo: upTo.position });
  const sources = { store, upTo: upTo.position, history, nameOf: await namesOf(db, history.flatMap(entitlementsOf)) };
  const wanted = (connection: string): boolean => asked.connection === undefined || asked.connection === connection;
  const questions = await questionsOf(db, asked.attribute);
  const chains: Chain[] = asked.attribute === 'login' && asked.connection === undefined ? loginChain(history) : [];
  for (const question of questions) {
    const { canonical, targets } = explain(history, question);
    if (canonical && asked.connection === undefined) chains.push(canonicalChain(canonical));
    for (const target of targets.filter(({ connection }) => wanted(connection)))
      if (saysAnything(target)) chains.push(await chainOf(sources, target, canonical));
  }
  const absences = await absencesOf(
    { db, sources, person, now },
    questions.filter(isOfEntitlement).filter(({ connection }) => wanted(connection)),
  );
  return { upTo, person, subject: asked.attribute, chains, absences };
}

type OfEntitlement = Extract<Question, { entitlement: EntitlementRef }>;
const isOfEntitlement = (question: Question): question is OfEntitlement => 'entitlement' in question;

interface Absent {
  readonly db: Database;
  readonly sources: Sources;
  readonly person: Person;
  readonly now: string;
}

/** Why each of these is not held now; of what is held nothing. */
async function absencesOf({ db, sources, person, now }: Absent, questions: readonly OfEntitlement[]): Promise<Why['absences']> {
  if (questions.length === 0) return [];
  const axes = { asOf: now, knownAt: now };
  const { accounts } = await personThen(db, person.identityId, axes);
  const objects = await objectsAt(
    db,
    questions.map(({ connection, entitlement }) => ({ connection, ...entitlement })),
    axes,
  );
  const missing = questions.filter(
    ({ connection, entitlement: { kind, id } }) =>
      !accounts.some(
        (account) => account.connection === connection && account.entitlements.some((one) => one.kind === kind && one.id === id),
      ),
  );
  if (missing.length === 0) return [];
  const flows = await flowsInForce(sources.store, sources.upTo);
  return missing.map(({ connection, entitlement }) => {
    const object = objects.get(objectKey({ connection, ...entitlement }));
    const hasAccount = accounts.some((account) => account.connection === connection && account.status !== 'deleted');
    const asked = { connection, entitlement, name: object?.name, existence: object?.existence ?? ('unknown' as const), hasAccount };
    return { connection, object: entitlement.id, reasons: whyNot(asked, { history: sources.history, flows, now }) };
  });
}

const saysAnything = ({ wanted, attempts, seen, blocked }: TargetExplanation): boolean =>
  wanted !== undefined || attempts.length > 0 || seen !== undefined || blocked !== undefined;

/** An entitlement is asked for by name and may stand in several connections; everything else is an attribute. */
async function questionsOf(db: Database, attribute: string): Promise<Question[]> {
  const [, kind, name] = /^(group|app):(.+)$/.exec(attribute) ?? [];
  if (kind === undefined || name === undefined) return [{ attribute }];
  const objects = await objectsNamed(db, kind, name);
  return objects.map(({ connection, id }) => ({ connection, entitlement: { kind: kind as 'group' | 'app', id } }));
}

async function chainOf({ store, upTo, history, nameOf }: Sources, target: TargetExplanation, asked?: CanonicalExplanation): Promise<Chain> {
  const provenance = target.wanted?.provenance;
  const decisions = asked ? [asked] : decisionsBehind(history, provenance?.expression);
  const flow = provenance && (await publishedFlow(store, upTo, provenance));
  return targetChain(target, { history, decisions, nameOf, ...(flow ? { flow } : {}) });
}

/** The canonical attributes that an expression reads. */
const decisionsBehind = (history: readonly RecordedEvent[], expression = ''): CanonicalExplanation[] =>
  canonicalAttributes
    .filter((name) => new RegExp(`\\b${name}\\b`).test(expression))
    .flatMap((name) => explain(history, { attribute: name }).canonical ?? []);

async function publishedFlow(
  store: EventStore,
  upTo: string,
  { flow, version }: { flow: string; version: number },
): Promise<RecordedEvent | undefined> {
  const events = await readEvents(store, streamOf.flow(flow), { upTo });
  return events.findLast(({ type, data }) => type === 'FlowPublished' && data.version === version);
}
