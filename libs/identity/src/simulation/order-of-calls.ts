interface Planned {
  readonly type: string;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Call {
  readonly commandId: string;
  readonly op: string;
  readonly what: string;
  readonly accountId: string;
  readonly sentAt: number;
}

interface Done {
  readonly events: readonly Planned[];
  readonly sides: readonly { readonly name: string; readonly journal: readonly Call[] }[];
}

/** Where in the log of all streams each command was wanted: by which plans, in their order. */
const plansOf = (events: readonly Planned[]): Map<string, { place: number; at: number }[]> => {
  const plans = new Map<string, { place: number; at: number }[]>();
  for (const [place, { type, at, data }] of events.entries()) {
    if (type !== 'PlanReleased') continue;
    for (const { commandId } of data['commands'] as readonly { readonly commandId: string }[])
      plans.set(commandId, [...(plans.get(commandId) ?? []), { place, at }]);
  }
  return plans;
};

/** Of what is written to one field or entitlement of an account, nothing leaves that only an older plan wanted than what left before. */
export const callsKeepOrder = ({ events, sides }: Done, report: (invariant: 'I3', message: string) => void): void => {
  const plans = plansOf(events);
  for (const { name, journal } of sides)
    for (const [object, calls] of Map.groupBy(journal, ({ accountId, what }) => `${what} of ${accountId}`)) {
      let newest = -1;
      for (const { commandId, op, sentAt } of calls.toSorted((a, b) => a.sentAt - b.sentAt)) {
        const place = plans.get(commandId)?.findLast(({ at }) => at <= sentAt)?.place ?? -1;
        if (place < newest) report('I3', `${op} ${commandId} left for ${object} in ${name} behind what a newer plan wanted`);
        newest = Math.max(newest, place);
      }
    }
};
