import type { AccountConfirmed, AccountObserved, Value } from '@muster/contracts';
import type { RecordedEvent } from '@muster/event-store';
import type { CanonicalExplanation, Cited, TargetExplanation } from '@muster/identity';
import type { NameOf } from './object-names.ts';
import { summarize } from './summarize.ts';
import { shown } from './wording.ts';

/** One event of a chain, and what it has to say. */
export interface ChainLink {
  readonly what: 'record' | 'identity' | 'flow' | 'plan' | 'attempt' | 'read' | 'blocked';
  readonly text: string;
  readonly stream: string;
  readonly revision: number;
  readonly eventId: string;
  readonly at: string;
}

/** Why one value is what it is, cause before effect. `connection`: `identity` for the decided value itself. */
export interface Chain {
  readonly connection: string;
  readonly value: unknown;
  readonly links: readonly ChainLink[];
}

const link = (what: ChainLink['what'], { id, stream, revision, recordedAt }: Omit<Cited, 'type'>, text: string): ChainLink => ({
  what,
  text,
  stream,
  revision,
  eventId: id,
  at: recordedAt,
});

const IDENTITY = 'identity';

const unnamed: NameOf = () => undefined;

const decisionLinks = ({ value, losing, decided, record }: CanonicalExplanation): ChainLink[] => {
  const beaten = losing.map((other) => `${shown(other.value)} of ${other.connection}`).join(', ');
  return [
    ...(record ? [link('record', record, `${record.field} of the record`)] : []),
    link('identity', decided, `decided as ${shown(value)}${beaten === '' ? '' : `, above ${beaten}`}`),
  ];
};

/** The chain of a canonical attribute itself. */
export const canonicalChain = (canonical: CanonicalExplanation): Chain => ({
  connection: IDENTITY,
  value: canonical.value,
  links: decisionLinks(canonical),
});

/** The chain of the login, which an event of its own decides; none before it is chosen. */
export const loginChain = (history: readonly RecordedEvent[]): Chain[] => {
  const links = loginLinks(history);
  const assigned = history.findLast(({ type }) => type === 'LoginAssigned');
  return links.length === 0 ? [] : [{ connection: IDENTITY, value: assigned?.data.login ?? null, links }];
};

const loginLinks = (history: readonly RecordedEvent[]): ChainLink[] =>
  history.filter(({ type }) => type === 'LoginAssigned').map((event) => link('identity', event, summarize(event, unnamed)));

interface Behind {
  readonly history: readonly RecordedEvent[];
  readonly decisions: readonly CanonicalExplanation[];
  readonly nameOf: NameOf;
  readonly flow?: RecordedEvent;
}

/** The chain of what stands, or is wanted, in a target. */
export function targetChain(target: TargetExplanation, behind: Behind): Chain {
  const { connection, wanted, attempts, seen, blocked } = target;
  const find = ({ stream, revision }: Pick<Cited, 'stream' | 'revision'>) =>
    behind.history.find((event) => event.stream === stream && event.revision === revision);
  const text = (cited: Cited, fallback: string): string => {
    const event = find(cited);
    return event ? summarize(event, behind.nameOf) : fallback;
  };
  return {
    connection,
    value: seen?.value ?? wanted?.value ?? null,
    links: [
      ...causeLinks(target, behind),
      ...flowLinks(wanted, behind.flow),
      ...(wanted ? [link('plan', wanted.plan, `command ${wanted.commandId} wants ${target.what}: ${shown(wanted.value)}`)] : []),
      ...attempts.map((attempt) => link('attempt', attempt, text(attempt, attempt.result))),
      ...readLinks(target, behind.history),
      ...(blocked ? [link('blocked', blocked.plan, `${blocked.reason}: ${blocked.message}`)] : []),
    ],
  };
}

/** What the wish was made of: decided attributes, else the state of the person. */
function causeLinks({ what, wanted }: TargetExplanation, { history, decisions }: Behind): ChainLink[] {
  if (decisions.length > 0) return decisions.flatMap(decisionLinks);
  if (wanted === undefined) return [];
  if (/^(login|userPrincipalName)$/.test(what)) return loginLinks(history);
  const before = history.slice(
    0,
    history.findIndex(({ id }) => id === wanted.plan.id),
  );
  const lifecycle = before.findLast(({ type }) => type === 'IdentityLifecycleChanged');
  if (lifecycle === undefined) return [];
  const cause = lifecycle.data.cause as { stream: string; revision: number };
  const record = history.find(({ stream, revision }) => stream === cause.stream && revision === cause.revision);
  return [
    ...(record ? [link('record', record, `${record.type} that the lifecycle follows from`)] : []),
    link('identity', lifecycle, summarize(lifecycle, unnamed)),
  ];
}

function flowLinks(wanted: TargetExplanation['wanted'], flow: RecordedEvent | undefined): ChainLink[] {
  if (wanted?.provenance === undefined) return [];
  const { flow: name, version, step, expression } = wanted.provenance;
  const text = `${name} version ${version}, step ${step}${expression === undefined ? '' : `: ${expression}`}`;
  // Without the published version at hand the plan that used it is cited: it holds the same words.
  return [link('flow', flow ?? wanted.plan, text)];
}

/** The read that saw the value, and the first one that looked after the last answer: it settles the write, whatever it says. */
function readLinks(target: TargetExplanation, history: readonly RecordedEvent[]): ChainLink[] {
  const { seen } = target;
  const settling = settlingRead(target, history);
  const sight = seen ? [link('read', seen, `seen as ${shown(seen.value as Value)} by read ${seen.readId} of ${seen.startedAt}`)] : [];
  return settling && settling.id !== seen?.id ? [...sight, link('read', settling, summarize(settling, unnamed))] : sight;
}

const aspectsBy: Readonly<Record<string, string>> = { group: 'groups', app: 'apps', role: 'roles', licence: 'licences' };

const aspectOfTarget = (what: string): string =>
  aspectsBy[what.split(':', 1)[0] as string] ?? (what === 'status' || what === 'manager' ? what : 'profile');

function settlingRead({ connection, what, attempts }: TargetExplanation, history: readonly RecordedEvent[]): RecordedEvent | undefined {
  const answer = attempts.findLast(({ result }) => result === 'done' || result === 'found');
  const ended = answer && history.find(({ id }) => id === answer.id);
  if (ended === undefined) return undefined;
  const answeredAt = Date.parse(ended.data.answeredAt as string);
  return history.find(({ type, data }) => {
    if (type !== 'AccountConfirmed' && type !== 'AccountObserved') return false;
    const { connection: at, aspects, read } = data as unknown as AccountConfirmed | AccountObserved;
    return at === connection && (aspects as readonly string[]).includes(aspectOfTarget(what)) && Date.parse(read.startedAt) >= answeredAt;
  });
}
