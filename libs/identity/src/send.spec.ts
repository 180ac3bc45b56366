import { describe, expect, it } from '@jest/globals';
import type { Command } from '@muster/contracts';
import { accountCategory, type Account } from './account.ts';
import { afterAnswer, bisect, type Call } from './after-answer.ts';
import { disablementOf } from './fence.ts';
import { provisioningCategory, recordEnd, recordSent, type ProvisioningEvent } from './provisioning.ts';
import { nextStep, type SendInput } from './send.ts';
import { given, testIds, testUuid } from './testing.ts';

const at = (second: number): string => new Date(Date.parse('2026-03-02T09:00:00.000Z') + second * 1000).toISOString();
const command = (action: Command['action'], change: Partial<Command> = {}): Command => ({
  commandId: `c-${action}`,
  connection: 'okta-main',
  object: { kind: 'account', id: '00u1' },
  action,
  valueHmac: 'h',
  generation: 0,
  lane: 'live',
  provenance: {},
  ...change,
});
const input = (action: Command['action'], change: Partial<SendInput> = {}): SendInput => ({
  command: command(action),
  row: { attempts: 0 },
  fence: { ended: false, wanted: true, plannedUnder: 3, lifecycle: 3, leaseHeld: true, live: true },
  now: at(100),
  settleMs: 30_000,
  logLagMs: 60_000,
  dependencies: 'met',
  ...change,
});
const lost = { attempts: 1, lostAt: at(90) };

describe('the sender', () => {
  it('drops what has ended and what is leased to another', () => {
    const { fence } = input('set');
    expect(nextStep(input('set', { fence: { ...fence, ended: true } }))).toEqual({ do: 'drop', because: 'ended' });
    expect(nextStep(input('set', { fence: { ...fence, leaseHeld: false } }))).toEqual({ do: 'drop', because: 'lease-lost' });
  });

  it.each(['set', 'disable', 'grant', 'revoke'] as const)('repeats a lost %s at once, through the same fence', (action) => {
    expect(nextStep(input(action, { row: lost }))).toEqual({ do: 'send', repeat: true });
    const { fence } = input(action);
    expect(nextStep(input(action, { row: lost, fence: { ...fence, lifecycle: 4 } }))).toMatchObject({
      do: 'wait',
      because: 'plan-outdated',
    });
  });

  it('never repeats a create unprobed, believes a find at once and an absence from settle time on', () => {
    expect(nextStep(input('create', { row: lost }))).toEqual({ do: 'probe' });
    const there = { startedAt: at(95), result: 'there' as const, accountId: '00u9' };
    expect(nextStep(input('create', { row: lost, probe: there }))).toMatchObject({ do: 'end', result: 'found', accountId: '00u9' });
    const early = { startedAt: at(95), result: 'absent' as const };
    expect(nextStep(input('create', { row: lost, probe: early }))).toEqual({ do: 'wait', until: at(120), because: 'settle-time' });
    const late = { startedAt: at(121), result: 'absent' as const };
    expect(nextStep(input('create', { row: lost, probe: late, now: at(121) }))).toEqual({ do: 'send', repeat: true });
  });

  it('closes a sent wish that no longer stands by a probe, never by silence', () => {
    const { fence } = input('set');
    const unwanted = { row: lost, fence: { ...fence, wanted: false } };
    expect(nextStep(input('set', unwanted))).toMatchObject({ do: 'wait', because: 'settle-time' });
    expect(nextStep(input('set', { ...unwanted, now: at(121) }))).toEqual({ do: 'probe' });
    const probe = { startedAt: at(121), result: 'absent' as const };
    expect(nextStep(input('set', { ...unwanted, now: at(121), probe }))).toMatchObject({ do: 'end', result: 'superseded', probed: true });
    expect(nextStep(input('set', { fence: { ...fence, wanted: false } }))).toMatchObject({
      do: 'end',
      result: 'superseded',
      probed: false,
    });
  });

  it('I17: enables only what the log says that we turned off, asked after the lag of the log', () => {
    const ask = (change: Partial<NonNullable<SendInput['disablement']>>) =>
      nextStep(input('enable', { disablement: { createdByUs: false, ...change } }));
    expect(ask({ lastOwnWrite: at(50) })).toEqual({ do: 'wait', until: at(110), because: 'log-lag' });
    expect(ask({ lastOwnWrite: at(10) })).toEqual({ do: 'trace' });
    expect(ask({ lastOwnWrite: at(10), trace: { by: 'us', askedAt: at(60) } })).toEqual({ do: 'trace' });
    expect(ask({ lastOwnWrite: at(10), trace: { by: 'us', askedAt: at(99) } })).toEqual({ do: 'send', repeat: false });
    expect(ask({ trace: { by: 'other', askedAt: at(99) } })).toMatchObject({ do: 'end', result: 'locked' });
    expect(ask({ trace: { by: 'unknown', askedAt: at(99) } })).toMatchObject({ do: 'end', result: 'locked' });
    expect(ask({ trace: { by: 'nobody', askedAt: at(99) } })).toMatchObject({ do: 'end', result: 'locked' });
    expect(ask({ createdByUs: true, trace: { by: 'nobody', askedAt: at(99) } })).toEqual({ do: 'send', repeat: false });
  });

  it('I17: takes a read that contradicts our own last write for a change, even if the recorded value is the old one', () => {
    const enabled = { value: false, readAt: at(80), changedAt: at(1), revision: 0 };
    const account: Account = { ...accountCategory.initial, existence: 'there', accountId: '00u1', enabled };
    const call: Call = {
      identityId: testUuid('i'),
      planId: testUuid('p'),
      command: command('enable', { value: true }),
      accountId: '00u1',
      sentAt: at(40),
      attempts: 1,
      row: { attempts: 0 },
    };
    const events = afterAnswer(call, { result: 'done', at: at(41) }, { ids: testIds }).events;
    const provisioning = given(provisioningCategory, events).state;
    const known = disablementOf(call.command, { provisioning, account, row: { attempts: 0 } });
    expect(known).toEqual({ createdByUs: false, lastOwnWrite: at(41), lastSeenChange: at(80) });
  });
});

describe('an answer', () => {
  const call = (action: Command['action'], change: Partial<Call> = {}): Call => ({
    identityId: testUuid('i'),
    planId: testUuid('p'),
    command: command(action, action === 'create' ? { object: { kind: 'account' }, profile: { login: 'a@b' } } : {}),
    sentAt: at(90),
    attempts: 1,
    row: { attempts: 0 },
    ...change,
  });
  const fault = (kind: 'unknown' | 'transient' | 'refused', code = 'target.unavailable') => ({
    result: 'fault' as const,
    fault: { code, kind, message: '' },
    at: at(95),
  });
  const context = { ids: testIds, matchKey: '1001' };

  it('that conflicts links only an account with this match key; any other is a case', () => {
    const conflict = (matchKey: string | null) =>
      afterAnswer(call('create'), { result: 'conflict', found: { id: '00u9', matchKey }, at: at(95) }, context).events;
    expect(conflict('1001')).toMatchObject([{ type: 'CommandEnded', data: { result: 'found', object: { id: '00u9' } } }]);
    expect(conflict('2002')).toMatchObject([{ data: { result: 'case', object: { kind: 'account' } } }]);
    expect(conflict(null)).toMatchObject([{ data: { result: 'case' } }]);
  });

  it('that conflicts with what no replica shows yet is looked into, not given up', () => {
    const blind = afterAnswer(call('create'), { result: 'conflict', at: at(95) }, context);
    expect(blind).toMatchObject({ events: [], next: { do: 'retry', row: { lostAt: at(90) } } });
    expect(afterAnswer(call('create', { attempts: 5 }), { result: 'conflict', at: at(95) }, context).events).toMatchObject([
      { data: { result: 'case' } },
    ]);
  });

  it('that is lost is recorded, and one that says nothing of an earlier loss keeps it open', () => {
    expect(afterAnswer(call('set'), fault('unknown'), context)).toMatchObject({
      events: [{ type: 'CommandSent', data: { attempt: 1 } }],
      next: { row: { lostAt: at(90) } },
    });
    const again = call('set', { attempts: 2, row: { attempts: 1, lostAt: at(50) } });
    expect(afterAnswer(again, fault('transient'), context)).toMatchObject({ events: [], next: { row: { attempts: 2, lostAt: at(50) } } });
  });

  it('that a young account is not found is waited out; later it is a refusal', () => {
    const missing = fault('refused', 'target.not_found');
    expect(afterAnswer(call('set'), missing, { ...context, youngUntil: at(100) }).next).toMatchObject({ do: 'retry' });
    expect(afterAnswer(call('set'), missing, { ...context, youngUntil: at(94) }).events).toMatchObject([{ data: { result: 'refused' } }]);
  });

  it('I4: is recorded once, whoever records it again', () => {
    const events = afterAnswer(call('set'), { result: 'done', at: at(95) }, context).events;
    const again = (event: ProvisioningEvent) => (event.type === 'CommandEnded' ? recordEnd(event.data) : recordSent(event.data));
    for (const event of events) expect(given(provisioningCategory, events).when(again(event))).toEqual([]);
  });
});

describe('a refused batch', () => {
  it('is narrowed down to whom it is refused for, in at most twice as many calls as members', () => {
    const bad = new Set([3, 7]);
    const parts = bisect([1, 2, 3, 4, 5, 6, 7, 8]);
    let calls = 0;
    let part = parts.next();
    const taken: number[] = [];
    while (part.done !== true) {
      calls += 1;
      const fine = !part.value.some((item) => bad.has(item));
      if (fine) taken.push(...part.value);
      part = parts.next(fine);
    }
    expect(part.value).toEqual([3, 7]);
    expect(taken.toSorted((a, b) => a - b)).toEqual([1, 2, 4, 5, 6, 8]);
    expect(calls).toBeLessThanOrEqual(16);
  });
});
