import { canonical, fieldOf, attributesOf, type AttributeSource, type Authority, type CanonicalAttribute } from './attributes.ts';
import { openCase, type Case, type CaseEvent } from './case.ts';
import { loginExhausted, matchDisputed } from './cases.ts';
import { isFree, takeClaim, type Claim, type ClaimEvent } from './claim.ts';
import { assignLogin, followWorker, type Identity, type IdentityEvent, type WorkerFacts } from './identity.ts';
import type { Ids } from './ids.ts';
import { recordAt } from './employments.ts';
import { lifecycleAt } from './lifecycle.ts';
import { loginCandidates, type LoginCandidate } from './logins.ts';
import type { EffectiveRecord, Worker } from './worker.ts';

/**
 * One decision on one exact stream. Every step may be repeated: what has happened yields nothing. After a claim step look at the facts again
 * before the next one: somebody else may have won.
 */
export type Step =
  | { readonly category: 'claim'; readonly stream: string; readonly decide: (claim: Claim) => ClaimEvent[] }
  | { readonly category: 'identity'; readonly stream: string; readonly decide: (identity: Identity) => IdentityEvent[] }
  | { readonly category: 'case'; readonly stream: string; readonly decide: (state: Case) => CaseEvent[] };

/** A claim with the stream that it is folded from. */
export interface NamedClaim {
  readonly stream: string;
  readonly claim: Claim;
}

/** What is known of a login. `holder`: an account that carries it in some connection, and the identity that owns the account, if any. */
export interface LoginFacts extends NamedClaim {
  readonly holder?: { readonly connection: string; readonly accountId: string; readonly owner?: string };
}

export interface CorrelateWorkerInput {
  readonly worker: Worker;
  readonly workerStream: string;
  /** Derived from connection and worker key. */
  readonly identityId: string;
  readonly identity: Identity;
  readonly asOf: string;
  /** The claim on this worker's match key. */
  readonly match: NamedClaim;
  readonly authority: Authority;
  /** What directories state that are a source of authority for some attribute. */
  readonly otherSources?: readonly AttributeSource[];
  /** The part before the @ of the login of an account that already carries this person's match key: it is kept. */
  readonly existingLogin?: string;
  /** Facts of a login; undefined: not loaded, to be named in `needs`. */
  readonly login: (login: string) => LoginFacts | undefined;
  readonly ids: Ids;
}

export interface Correlated {
  /** In this order; empty: nothing to do. */
  readonly steps: readonly Step[];
  /** Logins whose facts have to be loaded before more can be said. */
  readonly needs: readonly string[];
  /** When the lifecycle changes by time alone. */
  readonly nextDue?: string;
}

const nothing: Correlated = { steps: [], needs: [] };
const LOADED_AT_ONCE = 5;

/** What the worker's own record says of each attribute, with the event that said it. */
export const workerSource = (worker: Worker, stream: string, record: EffectiveRecord): AttributeSource => ({
  connection: worker.connection ?? '',
  values: Object.fromEntries(
    Object.entries(attributesOf(record.record)).map(([name, value]) => [
      name,
      { value, from: { stream, revision: record.since[name] ?? record.revision, field: fieldOf(name as CanonicalAttribute) } },
    ]),
  ),
});

const factsOf = (input: CorrelateWorkerInput): (WorkerFacts & { nextDue?: string }) | undefined => {
  const { worker, workerStream, asOf, identityId, otherSources = [], authority } = input;
  const lifecycle = lifecycleAt(worker, asOf);
  const record = recordAt(worker, asOf);
  if (lifecycle === undefined || record === undefined || worker.connection === undefined) return undefined;
  const sources = [workerSource(worker, workerStream, record), ...otherSources];
  return {
    identityId,
    source: { connection: worker.connection, stream: workerStream },
    lifecycle,
    canonical: canonical(sources, authority),
    ...(lifecycle.nextDue === undefined ? {} : { nextDue: lifecycle.nextDue }),
  };
};

const caseStep = (question: Parameters<typeof openCase>[0]): Step => ({
  category: 'case',
  stream: `case-${question.caseId}`,
  decide: openCase(question),
});

const identityStep = (identityId: string, decide: (identity: Identity) => IdentityEvent[]): Step => ({
  category: 'identity',
  stream: `identity-${identityId}`,
  decide,
});

type Choice = { readonly step: Step } | { readonly needs: string[] } | 'exhausted';

const claimLogin = (facts: LoginFacts, owner: string, reason: 'joiner' | 'foreign-account'): Step => ({
  category: 'claim',
  stream: facts.stream,
  decide: takeClaim({ kind: 'login', owner, reason }),
});

/** The step that brings a candidate to an end: taken for this person, or for whoever already uses it; undefined: it is somebody else's. */
const tryLogin = ({ identityId }: CorrelateWorkerInput, { login, attempt }: LoginCandidate, facts: LoginFacts): Step | undefined => {
  const { claim, holder } = facts;
  if (claim.owner === identityId) return identityStep(identityId, assignLogin({ identityId, login, attempt }));
  if (!isFree(claim, 'login', identityId)) return undefined;
  if (holder === undefined || holder.owner === identityId) return claimLogin(facts, identityId, 'joiner');
  return claimLogin(facts, holder.owner ?? `account-${holder.connection}.${holder.accountId}`, 'foreign-account');
};

const chooseLogin = (input: CorrelateWorkerInput, identity: WorkerFacts['canonical']['attributes']): Choice => {
  const text = (name: string): string | null => (typeof identity[name] === 'string' ? identity[name] : null);
  const byRule = loginCandidates({ givenName: text('givenName'), middleName: text('middleName'), familyName: text('familyName') });
  const kept = input.existingLogin === undefined ? [] : [{ login: input.existingLogin, attempt: 1 }];
  const candidates = [...kept, ...byRule];
  for (const [index, candidate] of candidates.entries()) {
    const facts = input.login(candidate.login);
    if (facts === undefined) {
      const needs = candidates.slice(index, index + LOADED_AT_ONCE).map(({ login }) => login);
      return { needs: needs.filter((login) => input.login(login) === undefined) };
    }
    const step = tryLogin(input, candidate, facts);
    if (step) return { step };
  }
  return 'exhausted';
};

const matchStep = ({ identityId, match, ids }: CorrelateWorkerInput): Step | undefined => {
  const { owner } = match.claim;
  if (owner === identityId) return undefined;
  if (owner !== undefined) return caseStep(matchDisputed({ identityId, owner }, ids));
  return { category: 'claim', stream: match.stream, decide: takeClaim({ kind: 'match', owner: identityId, reason: 'worker' }) };
};

const loginSteps = (input: CorrelateWorkerInput): Pick<Correlated, 'steps' | 'needs'> => {
  const { identity, identityId, ids } = input;
  if (identity.login !== undefined || identity.lifecycle?.state === 'left') return nothing;
  const choice = chooseLogin(input, identity.attributes);
  if (choice === 'exhausted') return { steps: [caseStep(loginExhausted({ identityId }, ids))], needs: [] };
  return 'step' in choice ? { steps: [choice.step], needs: [] } : { steps: [], needs: choice.needs };
};

/**
 * From a worker's facts to the next steps: claim the match key, create or follow the identity, find and claim a login. Asked again after its steps
 * ran, until it gives none; safe to stop and begin again at any point. A match key that another identity owns makes a case and no identity.
 */
export const correlateWorker = (input: CorrelateWorkerInput): Correlated => {
  const { identityId, identity } = input;
  const facts = factsOf(input);
  if (facts === undefined || identity.erased) return nothing;
  const due = facts.nextDue === undefined ? {} : { nextDue: facts.nextDue };
  const match = matchStep(input);
  if (match) return { steps: [match], needs: [], ...due };
  const follow = followWorker(facts);
  if (follow(identity).length > 0) return { steps: [identityStep(identityId, follow)], needs: [], ...due };
  return { ...loginSteps(input), ...due };
};
