import { Fault, mapFew } from '@muster/connector';
import type { AppReader, EntitlementRef, EntitlementWriter, HolderRef, Outcome, WriteOptions } from '@muster/connector';
import type okta from '@okta/okta-sdk-nodejs';
import type { OktaSession } from './session.ts';
import { sendOne } from './write-accounts.ts';

type Client = InstanceType<typeof okta.Client>;
type Send = (client: Client) => Promise<unknown>;

const AT_ONCE = 16;

const unable = (connection: string, what: string): Outcome => ({
  result: 'fault',
  fault: new Fault({
    code: 'target.not_writable',
    kind: 'refused',
    message: `${connection} has no way to do this: ${what}`,
    remedy: 'Use a group or an app, and accounts as members.',
  }),
  at: new Date().toISOString(),
});

const granting = (what: EntitlementRef, holder: HolderRef): Send | undefined => {
  if (what.kind === 'group' && holder.kind === 'account')
    return (client) => client.groupApi.assignUserToGroup({ groupId: what.id, userId: holder.id });
  if (what.kind !== 'app') return undefined;
  return holder.kind === 'account'
    ? (client) => client.applicationApi.assignUserToApplication({ appId: what.id, appUser: { id: holder.id, scope: 'USER' } })
    : (client) => client.applicationApi.assignGroupToApplication({ appId: what.id, groupId: holder.id });
};

const revoking = (what: EntitlementRef, holder: HolderRef): Send | undefined => {
  if (what.kind === 'group' && holder.kind === 'account') {
    return (client) => client.groupApi.unassignUserFromGroup({ groupId: what.id, userId: holder.id });
  }
  if (what.kind !== 'app') return undefined;
  return holder.kind === 'account'
    ? (client) => client.applicationApi.unassignUserFromApplication({ appId: what.id, userId: holder.id })
    : (client) => client.applicationApi.unassignApplicationFromGroup({ appId: what.id, groupId: holder.id });
};

/** Memberships by PUT and DELETE, both idempotent in Okta; app assignments by account (scope USER) or by group. */
export class OktaEntitlementWriter implements EntitlementWriter {
  readonly #session: OktaSession;
  readonly #apps: AppReader;

  constructor(session: OktaSession, apps: AppReader) {
    this.#session = session;
    this.#apps = apps;
  }

  grant(what: EntitlementRef, to: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(to, AT_ONCE, async (holder, index) => {
      const words = `grant ${what.kind} ${what.id} to ${holder.kind} ${holder.id}`;
      const send = granting(what, holder);
      if (!send) return unable(this.#session.config.name, words);
      const outcome = await sendOne(this.#session, { index, options, what: words }, send);
      return what.kind === 'app' ? this.#unlessInactive(what.id, outcome, options) : outcome;
    });
  }

  revoke(what: EntitlementRef, from: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    return mapFew(from, AT_ONCE, async (holder, index) => {
      const words = `revoke ${what.kind} ${what.id} from ${holder.kind} ${holder.id}`;
      const send = revoking(what, holder);
      if (!send) return unable(this.#session.config.name, words);
      const outcome = await sendOne(this.#session, { index, options, what: words }, send);
      const gone = outcome.result === 'fault' && outcome.fault.code === 'target.not_found' && what.kind === 'app';
      return gone ? { result: 'already', sentAt: outcome.sentAt ?? '', at: outcome.at } : outcome;
    });
  }

  /** How Okta words that an app is switched off is not documented: a look at the app tells that from a refusal of the person. */
  async #unlessInactive(appId: string, outcome: Outcome, options: WriteOptions): Promise<Outcome> {
    if (outcome.result !== 'fault' || outcome.fault.code !== 'target.value_refused') return outcome;
    const app = await this.#apps.getApp(appId, { lane: options.lane ?? 'live', signal: options.signal }).catch(() => 'absent' as const);
    if (app === 'absent' || app.status === 'ACTIVE') return outcome;
    const { name } = this.#session.config;
    const { vendorCode, requestId } = outcome.fault;
    return {
      ...outcome,
      fault: new Fault({
        code: 'target.not_writable',
        kind: 'refused',
        message: `${name} gives app ${appId} to nobody: it is ${app.status} there`,
        remedy: `Activate the app in ${name}, or have no flow grant it.`,
        ...(vendorCode === undefined ? {} : { vendorCode }),
        ...(requestId === undefined ? {} : { requestId }),
      }),
    };
  }
}
