import { randomUUID } from 'node:crypto';
import { type CaseResolved, type CommandEnded, type EventType, schemaOf, streamOf } from '@muster/contracts';
import type { EventStore } from '@muster/event-store';
import { caseCategory, caseOfEnd, openCase, resolveCase } from '@muster/identity';
import { ProblemError } from '@muster/service-kit';
import type { Cause } from './dirty.ts';

const metadata = (actor: string, now: Date, cause: Cause) => (event: { type: string }) => ({
  correlationId: cause.correlationId,
  causationId: cause.id,
  occurredAt: now.toISOString(),
  schema: schemaOf(event.type as EventType),
  actor,
});

const withoutCause = (actor: string, now: Date) => (event: { type: string }) => ({
  correlationId: randomUUID(),
  occurredAt: now.toISOString(),
  schema: schemaOf(event.type as EventType),
  actor,
});

/** Opens the case that the end of a command asks for; nothing if it asks for none or the case is there. */
export async function putQuestion(
  store: EventStore,
  { identityId, revision }: { identityId: string; revision: number },
  now: Date,
): Promise<void> {
  for await (const event of store.readStream(streamOf.provisioning(identityId), { from: revision, max: 1 })) {
    const question = event.type === 'CommandEnded' ? caseOfEnd(event.data as unknown as CommandEnded) : undefined;
    if (!question) return;
    await store.transact(
      caseCategory,
      streamOf.case(question.caseId),
      openCase(question),
      metadata('reconciliation', now, { id: event.id, correlationId: event.metadata.correlationId }),
    );
  }
}

/** Records a person's answer. Throws ProblemError for a case that is not open and for an answer that is not offered. */
export async function answerCase(
  store: EventStore,
  answer: CaseResolved,
  { now, opening }: { now: Date; opening: Cause | undefined },
): Promise<void> {
  const stream = streamOf.case(answer.caseId);
  // A case that is not known here is not there, or was opened this moment and is followed a little later.
  const meta = opening ? metadata(answer.by, now, opening) : withoutCause(answer.by, now);
  const { events, state } = await store.transact(caseCategory, stream, resolveCase(answer), meta);
  if (events.length > 0) return;
  if (!state.opened) throw new ProblemError('http.not_found', { detail: `no case has the id ${answer.caseId}` });
  if (state.resolved) throw new ProblemError('http.request_invalid', { detail: 'this case was answered before' });
  const offered = state.opened.answers.map((one) => one.answer).join(', ');
  throw new ProblemError('http.request_invalid', {
    problems: [{ field: 'answer', message: `it is none of the answers offered: ${offered}` }],
  });
}
