import type { CaseOpened, CaseResolved } from '@muster/contracts';
import type { EventOf, StreamCategory } from './category.ts';

export type CaseEvent = EventOf<'CaseOpened' | 'CaseResolved'>;

/** A question for a person. */
export interface Case {
  readonly revision: number;
  readonly opened?: CaseOpened;
  readonly resolved?: CaseResolved & { readonly at: string };
}

/** Stream `case-<id>`; the id derives from what the question is about, so the same question is one case. */
export const caseCategory: StreamCategory<Case, CaseEvent> = {
  name: 'case',
  initial: { revision: -1 },
  types: ['CaseOpened', 'CaseResolved'],
  evolve: (state, event) => {
    switch (event.type) {
      case 'CaseOpened':
        return { revision: event.revision, opened: event.data };
      case 'CaseResolved':
        return { ...state, revision: event.revision, resolved: { ...event.data, at: event.recordedAt } };
    }
  },
};

/** Asks a question once; an open or answered one yields nothing. */
export const openCase =
  (question: CaseOpened) =>
  (state: Case): CaseEvent[] =>
    state.opened === undefined ? [{ type: 'CaseOpened', data: question }] : [];

/** Records the first answer to an open question that is among the answers offered; everything else yields nothing. */
export const resolveCase =
  (answer: CaseResolved) =>
  (state: Case): CaseEvent[] =>
    state.opened !== undefined && state.resolved === undefined && state.opened.answers.some((offered) => offered.answer === answer.answer)
      ? [{ type: 'CaseResolved', data: answer }]
      : [];

/** Whether a person still has to answer. */
export const isOpen = (state: Case): boolean => state.opened !== undefined && state.resolved === undefined;
