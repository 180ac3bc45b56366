import type { FlowDocument } from '@muster/contracts';
import { compileFlow, type AccountStep, type Mapping } from './compile-flow.ts';

/** A field of an account that another flow maps by another expression: for a person in scope of both the two cancel out. */
export interface Overlap {
  readonly step: string;
  readonly connection: string;
  readonly field: string;
  readonly other: { readonly flow: string; readonly version: number; readonly step: string };
}

const mappings = ({ matchKey, login, enabled, attributes, manager }: AccountStep): Mapping[] => [
  matchKey,
  login,
  enabled,
  ...attributes,
  ...(manager ? [manager] : []),
];

const accounts = (document: FlowDocument): AccountStep[] => compileFlow(document).steps.filter((step) => step.kind === 'account');

/** What a flow and others in force want differently; versions of the same flow are left aside, since the new one replaces them. */
export const overlaps = (document: FlowDocument, others: readonly FlowDocument[]): Overlap[] =>
  others
    .filter(({ flow }) => flow !== document.flow)
    .flatMap((other) =>
      accounts(other).flatMap((theirs) => {
        const wanted = new Map(mappings(theirs).map(({ field, expression }) => [field, expression.text]));
        const shared = accounts(document).filter(({ connection }) => connection === theirs.connection);
        return shared.flatMap((ours) =>
          mappings(ours)
            .filter(({ field, expression }) => wanted.has(field) && wanted.get(field) !== expression.text)
            .map(({ field }) => ({
              step: ours.id,
              connection: ours.connection,
              field,
              other: { flow: other.flow, version: other.version, step: theirs.id },
            })),
        );
      }),
    );
