import type { FaultKind } from './faults.ts';
import type { Delivery, HrVersion } from './script.ts';

const hasLeft = ({ status }: HrVersion): boolean => status === 'terminated' || status === 'rescinded';

/** What is disorderly about one arrival, given the highest version that arrived before it. */
const disorderOf = (version: HrVersion, before: HrVersion | undefined, isRepeat: boolean): FaultKind[] => {
  const late = before !== undefined && before.version > version.version;
  const all: [boolean, FaultKind][] = [
    [isRepeat, 'record repeated'],
    [late && !isRepeat, 'record late'],
    [late, 'record reordered'],
    [version.version === 1 && version.status === 'terminated', 'first seen terminated'],
    [version.version > 1 && hasLeft(version), 'terminated meanwhile'],
    [before !== undefined && hasLeft(before) && version.status === 'active', 'rehired or rescinded'],
  ];
  return all.flatMap(([happens, kind]) => (happens ? [kind] : []));
};

/** Everything disorderly about the order in which HR's records arrive. */
export const disorder = (deliveries: readonly Delivery[]): FaultKind[] => {
  const highest = new Map<string, HrVersion>();
  const heard = new Set<string>();
  return deliveries.flatMap(({ version }) => {
    const id = `${version.key} ${version.version}`;
    const before = highest.get(version.key);
    const kinds = disorderOf(version, before, heard.has(id));
    heard.add(id);
    if (before === undefined || before.version < version.version) highest.set(version.key, version);
    return kinds;
  });
};
