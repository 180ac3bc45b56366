import type { ConnectionConfig } from '@muster/connector';
import { streamOf } from '@muster/contracts';
import {
  type Authority,
  correlateAccount,
  correlateCreated,
  correlateWorker,
  type Identity,
  type Ids,
  type LoginFacts,
  stepsOfAnswer,
  type Step,
} from '@muster/identity';
import type { DirectoryIndex } from './directory-index.ts';
import type { Applied, PersonFacts } from './person-facts.ts';

/** More steps than any person can need: a loop that never ends is a defect, not a wait. */
const MOST_STEPS = 300;

export interface Correlating {
  readonly identityId: string;
  readonly workerStream: string;
  readonly asOf: string;
  readonly facts: PersonFacts;
  readonly index: DirectoryIndex;
  readonly ids: Ids;
  readonly authority: Authority;
  readonly targets: readonly ConnectionConfig[];
  /** Streams of answered cases about this person. */
  readonly answeredCases: readonly string[];
  readonly opaqueName: (...parts: string[]) => Promise<string>;
}

/** What correlation found beside the steps that it took. */
export interface Correlation {
  /** When the lifecycle changes by time alone. */
  readonly nextDue?: string;
  /** By connection, unlinked accounts that carry this person's match key. */
  readonly candidates: ReadonlyMap<string, number>;
}

/** Takes one step after the other, each on facts read anew, until none is left: who the person is, their login, their accounts. */
export async function correlatePerson(work: Correlating): Promise<Correlation | undefined> {
  const logins = new Map<string, LoginHolder>();
  let accounts: Candidate[] | undefined;
  for (let taken = 0; taken < MOST_STEPS; taken += 1) {
    const worker = await work.facts.worker(work.workerStream);
    if (worker.workerKey === undefined) return undefined;
    accounts ??= await work.index.accountsByMatchKey(worker.workerKey);
    const found = await nextSteps(work, { workerKey: worker.workerKey, accounts, logins });
    const outcome = await takeFirst(work, found.steps);
    if (outcome === 'nothing' && found.needs.length === 0) return found;
    // Most people get the first login that they ask for; whoever does not asks for more at once.
    const asked = found.needs.slice(0, Math.max(1, logins.size));
    await Promise.all(asked.map(async (login) => logins.set(login, await holderOf(work, login))));
  }
  throw new RangeError(`correlating ${work.identityId} did not come to an end within ${MOST_STEPS} steps`);
}

/** Steps are taken until one changes something, or comes too late because somebody else was there first: what follows is decided on the facts after it. */
async function takeFirst({ facts }: Correlating, steps: readonly Step[]): Promise<Applied> {
  for (const step of steps) {
    const outcome = await facts.apply(step);
    if (outcome !== 'nothing') return outcome;
  }
  return 'nothing';
}

interface Found extends Correlation {
  readonly steps: readonly Step[];
  readonly needs: readonly string[];
}

interface Directory {
  readonly workerKey: string;
  /** Accounts that carry the match key. */
  readonly accounts: readonly Candidate[];
  /** Logins that were asked for so far. */
  readonly logins: ReadonlyMap<string, LoginHolder>;
}

async function nextSteps(work: Correlating, { workerKey, accounts, logins }: Directory): Promise<Found> {
  const { facts, identityId, workerStream, asOf, ids, authority } = work;
  const match = streamOf.claimMatch(await work.opaqueName('match', workerKey));
  const existingLogin = accounts.find(({ login, owner }) => login !== null && (owner === null || owner === identityId))?.login;
  const { steps, needs, nextDue } = correlateWorker({
    worker: await facts.worker(workerStream),
    workerStream,
    identityId,
    identity: await facts.identity(identityId),
    asOf,
    match: { stream: match, claim: await facts.claim(match) },
    authority,
    login: (login) => loginFacts(facts, logins.get(login)),
    ids,
    ...(existingLogin == null ? {} : { existingLogin }),
  });
  const theirs = [...accounts, ...linkedBeside(accounts, await facts.identity(identityId))];
  const linking = await Promise.all(theirs.map((account) => accountSteps(work, account, accounts)));
  const created = await Promise.all(work.targets.map((target) => createdSteps(work, target.name)));
  const answered = await Promise.all(work.answeredCases.map((stream) => answerSteps(work, stream)));
  const unlinked = accounts.filter(({ owner }) => owner === null);
  const candidates = new Map(
    [...Map.groupBy(unlinked, ({ connection }) => connection)].map(([connection, some]) => [connection, some.length]),
  );
  return {
    steps: [...steps, ...created.flat(), ...linking.flat(), ...answered.flat()],
    needs,
    candidates,
    ...(nextDue === undefined ? {} : { nextDue }),
  };
}

interface Candidate {
  readonly connection: string;
  readonly accountId: string;
  readonly login: string | null;
  readonly owner: string | null;
}

/** Accounts that are theirs though none that is there carries their key: deleted by somebody, or given another key. */
const linkedBeside = (accounts: readonly Candidate[], { identityId, links }: Identity): Candidate[] =>
  Object.entries(links)
    .filter(([connection, link]) => !accounts.some((one) => one.connection === connection && one.accountId === link.accountId))
    .map(([connection, { accountId }]) => ({ connection, accountId, login: null, owner: identityId ?? null }));

async function accountSteps(
  { facts, identityId, ids }: Correlating,
  { connection, accountId }: Candidate,
  all: readonly Candidate[],
): Promise<readonly Step[]> {
  const claim = streamOf.claimAccount(connection, accountId);
  const rivals = all.filter((other) => other.connection === connection && other.accountId !== accountId && other.owner === null);
  return correlateAccount({
    account: await facts.account(connection, accountId),
    accountStream: streamOf.account(connection, accountId),
    connection,
    accountId,
    matchOwner: identityId,
    identity: await facts.identity(identityId),
    claim: { stream: claim, claim: await facts.claim(claim) },
    rivals: rivals.map((rival) => rival.accountId),
    ids,
  }).steps;
}

async function createdSteps({ facts, identityId, ids }: Correlating, connection: string): Promise<readonly Step[]> {
  const provisioning = await facts.provisioning(identityId);
  const created = provisioning.created[connection];
  if (!created) return [];
  const claim = streamOf.claimAccount(connection, created.accountId);
  return correlateCreated({
    identity: await facts.identity(identityId),
    identityId,
    connection,
    provisioning,
    provisioningStream: streamOf.provisioning(identityId),
    claim: { stream: claim, claim: await facts.claim(claim) },
    ids,
  });
}

async function answerSteps({ facts, identityId }: Correlating, stream: string): Promise<readonly Step[]> {
  const answered = await facts.case(stream);
  const { connection, accountIds } = answered.opened ?? {};
  const accountId = answered.resolved?.accountId ?? accountIds?.[0];
  if (connection === undefined || accountId === undefined) return [];
  const claim = streamOf.claimAccount(connection, accountId);
  return stepsOfAnswer(answered, { identity: await facts.identity(identityId), claim: { stream: claim, claim: await facts.claim(claim) } });
}

/** The stream of a login's claim, which is loaded, and the account that signs in with it. */
type LoginHolder = Omit<LoginFacts, 'claim'>;

async function holderOf({ facts, index, opaqueName }: Correlating, login: string): Promise<LoginHolder> {
  const stream = streamOf.claimLogin(await opaqueName('login', login));
  const [holder] = await Promise.all([index.accountByLogin(login), facts.claim(stream)]);
  return { stream, ...(holder ? { holder } : {}) };
}

/** Who owns the claim may have changed since it was first asked for. */
const loginFacts = (facts: PersonFacts, known: LoginHolder | undefined): LoginFacts | undefined =>
  known && { ...known, claim: facts.claimAsLoaded(known.stream) };
