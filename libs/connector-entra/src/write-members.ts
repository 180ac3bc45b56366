import { Fault, mapFew, outcomeOf, Withheld } from '@muster/connector';
import type { EntitlementRef, EntitlementWriter, HolderRef, Outcome, WriteOptions } from '@muster/connector';
import { costOf } from './costs.ts';
import { callFor, mayLeave, sendAll, sendOne } from './send.ts';
import type { EntraSession } from './session.ts';
import { goneIsDone } from './write-accounts.ts';

/** One PATCH takes at most twenty members, and all or none of them. */
const MOST_IN_A_PATCH = 20;
const PATCHES_AT_ONCE = 4;

interface Joining {
  holder: HolderRef;
  index: number;
}

const isThere = (outcome: Outcome): boolean =>
  outcome.result === 'fault' && outcome.fault.kind === 'refused' && /already exist/i.test(outcome.fault.message);

const isNotFound = (outcome: Outcome): boolean => outcome.result === 'fault' && outcome.fault.code === 'target.not_found';

/** Whether a PATCH may have been refused for one of its members; what is wrong with the group itself is wrong for each of them. */
const mayBeOneOf = (outcome: Outcome): boolean =>
  isNotFound(outcome) || (outcome.result === 'fault' && outcome.fault.code === 'target.value_refused');

const already = (outcome: Outcome): Outcome =>
  isThere(outcome) && outcome.result === 'fault' ? { result: 'already', sentAt: outcome.sentAt ?? '', at: outcome.at } : outcome;

/**
 * Adds members twenty at a time. A refused PATCH is halved until the one that it was refused for stands alone: it blocks nobody else. Apps are
 * given by groups that hold their roles; a direct assignment needs a permission that leads to Global Administrator.
 */
export class EntraMemberWriter implements EntitlementWriter {
  readonly travelTogether = MOST_IN_A_PATCH;
  readonly #session: EntraSession;

  constructor(session: EntraSession) {
    this.#session = session;
  }

  async grant(what: EntitlementRef, to: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    if (what.kind !== 'group') return to.map((holder) => this.#unable(what, holder));
    const joining = to.map((holder, index) => ({ holder, index }));
    const chunks = Array.from({ length: Math.ceil(to.length / MOST_IN_A_PATCH) }, (_, chunk) =>
      joining.slice(chunk * MOST_IN_A_PATCH, (chunk + 1) * MOST_IN_A_PATCH),
    );
    const outcomes = await mapFew(chunks, PATCHES_AT_ONCE, (chunk) => this.#join(what.id, chunk, options));
    return outcomes.flat();
  }

  async revoke(what: EntitlementRef, from: HolderRef[], options: WriteOptions = {}): Promise<Outcome[]> {
    if (what.kind !== 'group') return from.map((holder) => this.#unable(what, holder));
    const sendings = from.map((holder, index) => ({
      index,
      request: { method: 'DELETE' as const, path: `/groups/${encodeURIComponent(what.id)}/members/${encodeURIComponent(holder.id)}/$ref` },
      what: `revoke group ${what.id} from ${holder.kind} ${holder.id}`,
    }));
    return (await sendAll(this.#session, sendings, options)).map(goneIsDone);
  }

  async #join(groupId: string, joining: readonly Joining[], options: WriteOptions, groupIsThere = false): Promise<Outcome[]> {
    const [only] = joining;
    if (joining.length === 1 && only) return [await this.#joinOne(groupId, only, options)];
    const outcomes = await this.#joinTogether(groupId, joining, options);
    if (!outcomes.some(mayBeOneOf)) return outcomes;
    if (!groupIsThere && outcomes.some(isNotFound) && !(await this.#isThere(groupId, options))) return outcomes;
    const middle = Math.ceil(joining.length / 2);
    return [
      ...(await this.#join(groupId, joining.slice(0, middle), options, true)),
      ...(await this.#join(groupId, joining.slice(middle), options, true)),
    ];
  }

  /** Graph's 404 does not say which object it means: the group or one of its new members. Where that cannot be asked the members are tried. */
  async #isThere(groupId: string, { lane, signal }: WriteOptions): Promise<boolean> {
    const path = `/groups/${encodeURIComponent(groupId)}?$select=id`;
    const options = { ...(lane === undefined ? {} : { lane }), ...(signal === undefined ? {} : { signal }) };
    return this.#session.get(path, `look for group ${groupId}`, options).then(
      (found) => found !== 'absent',
      () => true,
    );
  }

  async #joinOne(groupId: string, { holder, index }: Joining, options: WriteOptions): Promise<Outcome> {
    const outcome = await sendOne(
      this.#session,
      {
        index,
        request: {
          method: 'POST',
          path: `/groups/${encodeURIComponent(groupId)}/members/$ref`,
          body: { '@odata.id': this.#session.reference('directoryObjects', holder.id) },
        },
        what: `grant group ${groupId} to ${holder.kind} ${holder.id}`,
      },
      options,
    );
    return already(outcome);
  }

  async #joinTogether(groupId: string, joining: readonly Joining[], options: WriteOptions): Promise<Outcome[]> {
    const path = `/groups/${encodeURIComponent(groupId)}`;
    const withheld = new Set<number>();
    const call = callFor(options, costOf('PATCH', path), async () => {
      const allowed = await Promise.all(joining.map(({ index }) => mayLeave(options, index)));
      joining.forEach(({ index }, at) => (allowed[at] ? undefined : withheld.add(index)));
      const leaving = joining.filter(({ index }) => !withheld.has(index));
      return leaving.length === 0
        ? 'withhold'
        : JSON.stringify({ 'members@odata.bind': leaving.map(({ holder }) => this.#session.reference('directoryObjects', holder.id)) });
    });
    const each = (make: () => Outcome): Outcome[] => joining.map(({ index }) => (withheld.has(index) ? { result: 'withheld' } : make()));
    try {
      await this.#session.write({ method: 'PATCH', path, body: {} }, { what: `grant group ${groupId} to ${joining.length} holders` }, call);
      return each(() => ({ result: 'done', sentAt: call.sentAt ?? '', at: new Date().toISOString() }));
    } catch (error) {
      if (error instanceof Withheld) return joining.map(() => ({ result: 'withheld' }));
      return each(() => outcomeOf(error, call.sentAt));
    }
  }

  #unable(what: EntitlementRef, holder: HolderRef): Outcome {
    return {
      result: 'fault',
      fault: new Fault({
        code: 'target.not_writable',
        kind: 'refused',
        message: `${this.#session.config.name} does not grant this directly: ${what.kind} ${what.id} to ${holder.kind} ${holder.id}`,
        remedy: 'Grant a group that holds the app role.',
      }),
      at: new Date().toISOString(),
    };
  }
}
