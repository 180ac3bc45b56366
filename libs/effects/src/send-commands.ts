import { faultOf } from '@muster/connector';
import { afterAnswer, type Call, endWithoutCall, hasEnded, type SendStep, targetOf } from '@muster/identity';
import { answerLost } from './answers.ts';
import { type Attempt, callOf, currentOf, lastSentOf, stepOf, unsent } from './attempt.ts';
import { caseIds } from './case-ids.ts';
import { MakeCall } from './make-call.ts';
import { Pass } from './pass.ts';
import type { PassEnd, Sender } from './sender.ts';
import type { Holder } from './sending-rows.ts';
import type { Together } from './target.ts';

/** A decision may need a probe, a trace and several sends; more turns mean that the facts change faster than we act. */
const MOST_TURNS = 12;
/** Of one person; many people are worked on at once. */
const CALLS_AT_ONCE = 16;

/**
 * Does what the plan in force wants of one person on one connection, as far as it may be done now. Each call has a committed row before it leaves and an
 * event in the store before the row goes; a row that is found is a call whose answer was lost, and is repeated or looked for as the core decides. Safe to
 * be killed at any point and to be repeated; two at once for the same person and connection are kept apart by `holder`.
 *
 * @throws what the store or the database throws, and anything that is a defect
 */
export async function sendCommands(
  sender: Sender,
  identityId: string,
  holder: Holder,
  options: { signal?: AbortSignal } = {},
): Promise<PassEnd> {
  const pass = await Pass.begin({ ...sender, identityId, holder, ...options });
  try {
    const attempts = await openAttempts(pass);
    const commands = [...attempts.keys()].map((commandId) => currentOf(pass.facts, commandId));
    for (const stage of sender.target.arrange(commands)) await takeStage(pass, stage, attempts);
    return pass.end();
  } finally {
    pass.close();
  }
}

/** Calls that need not wait for each other. Where one fails by a defect, those under way are waited for: nothing outlives the claim. */
async function takeStage(pass: Pass, stage: readonly Together[], attempts: ReadonlyMap<string, Attempt>): Promise<void> {
  const queue = [...stage];
  const worker = async (): Promise<void> => {
    for (let together = queue.shift(); together && !pass.over; together = queue.shift())
      await settle(
        pass,
        together.flatMap(({ commandId }) => attempts.get(commandId) ?? []),
      );
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(CALLS_AT_ONCE, stage.length) }, worker));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Commands that have not ended, with what their rows know. Rows of commands that have ended are swept away. */
async function openAttempts({ facts, work, whose }: Pass): Promise<Map<string, Attempt>> {
  const rows = await work.rows.of(whose);
  const open = new Set(facts.open());
  const ended: string[] = [];
  for (const commandId of rows.keys()) {
    const command = facts.planned(commandId)?.command;
    if (command && hasEnded(facts.provisioning, command)) ended.push(commandId);
    else if (command) open.add(commandId);
  }
  await work.rows.remove(ended);
  return new Map(
    [...open].map((commandId) => [commandId, { commandId, sent: rows.get(commandId) ?? unsent(facts, commandId, work.since) }]),
  );
}

/** Takes commands that travel together as far as they get now. */
async function settle(pass: Pass, together: readonly Attempt[]): Promise<void> {
  let open = together;
  for (let turn = 0; open.length > 0 && !pass.over; turn += 1) {
    if (turn === MOST_TURNS) return pass.comeBackSoon('restless');
    await look(pass, open);
    const again: Attempt[] = [];
    const leaving: Attempt[] = [];
    for (const attempt of open) {
      const step = stepOf(pass.facts, attempt, pass.shell());
      if (step.do === 'send') leaving.push(attempt);
      else again.push(...(await take(pass, attempt, step)));
    }
    if (leaving.length > 0 && !pass.over) again.push(...(await new MakeCall(pass).send(leaving)));
    open = again;
  }
}

/** Reads the facts anew, and records lost calls that nobody has recorded: planning has to know that they may have happened. */
async function look(pass: Pass, attempts: readonly Attempt[]): Promise<void> {
  const { facts, work } = pass;
  await facts.refresh();
  for (const { commandId } of attempts) {
    const command = currentOf(facts, commandId);
    const accountId = command.action === 'enable' ? targetOf(command, facts) : work.target.referenceOf(command);
    if (accountId !== undefined) await facts.account(accountId);
  }
  const silent = attempts.filter(({ sent, commandId }) => {
    const known = commandId in facts.provisioning.open || hasEnded(facts.provisioning, currentOf(facts, commandId));
    return sent.lostAt !== undefined && sent.attempts > 0 && !known;
  });
  if (silent.length === 0 || !(await pass.stillOurs())) return;
  const answer = { result: 'fault' as const, fault: answerLost(work.target.connection), at: pass.now() };
  await pass.record(silent.flatMap((attempt) => afterAnswer(lostCall(pass, attempt), answer, { ids: caseIds }).events));
  await facts.refresh();
}

/** The steps that write nothing on the other side. Gives the attempt back if there is more to decide. */
async function take(pass: Pass, attempt: Attempt, step: Exclude<SendStep, { do: 'send' }>): Promise<Attempt[]> {
  switch (step.do) {
    case 'drop':
      if (step.because === 'lease-lost') pass.loseClaim();
      else await pass.work.rows.remove([attempt.commandId]);
      return [];
    case 'wait':
      pass.waitUntil(step.until, step.because);
      return [];
    case 'end':
      await end(pass, attempt, step);
      return [];
    case 'probe':
    case 'trace':
      return ask(pass, attempt, step.do);
  }
}

async function end(pass: Pass, attempt: Attempt, step: SendStep & { do: 'end' }): Promise<void> {
  if (!(await pass.stillOurs())) return;
  await pass.record(endWithoutCall(lostCall(pass, attempt), step, { ids: caseIds, now: pass.now() }));
  await pass.work.rows.remove([attempt.commandId]);
}

/** A question to the other side; where it fails the command stays as it is until the row is tried again. */
async function ask(pass: Pass, attempt: Attempt, what: 'probe' | 'trace'): Promise<Attempt[]> {
  const { target, onCall } = pass.work;
  const command = lastSentOf(pass.facts, attempt);
  const accountId = targetOf(command, pass.facts);
  onCall?.(1);
  try {
    if (what === 'probe') return [{ ...attempt, probe: await target.probe(command, accountId, pass.callOptions([command])) }];
    const { createdAt, since } = pass.facts.accountAsKnown(accountId ?? '');
    return [{ ...attempt, trace: await target.trace(accountId ?? '', createdAt ?? since, pass.callOptions([command])) }];
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    pass.failed(fault);
    return [];
  } finally {
    onCall?.(-1);
  }
}

/** The call that was lost, or none yet, as the core is told of it. */
function lostCall(pass: Pass, attempt: Attempt): Call {
  const { lostAt, attempts } = attempt.sent;
  const command = lastSentOf(pass.facts, attempt);
  return callOf(pass.facts, attempt, { identityId: pass.work.identityId, command, sentAt: lostAt ?? pass.now(), attempts });
}
