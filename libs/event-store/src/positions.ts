/** The position before the first event of every store. */
export const START_POSITION = '0';

interface LogPosition {
  commit: bigint;
  prepare: bigint;
}

/** Old explicit transactions are the only events whose prepare position differs; all others are told by the commit position alone. */
export const encodePosition = ({ commit, prepare }: LogPosition): string =>
  commit === prepare ? commit.toString() : `${commit}/${prepare}`;

/** Throws RangeError for anything that `encodePosition` did not make. */
export const decodePosition = (position: string): LogPosition => {
  const found = /^(\d{1,20})(?:\/(\d{1,20}))?$/.exec(position);
  if (!found) throw new RangeError(`"${position}" is not a position of the event store`);
  const commit = BigInt(found[1] as string);
  return { commit, prepare: found[2] === undefined ? commit : BigInt(found[2]) };
};

const sign = (difference: bigint): number => (difference < 0n ? -1 : difference > 0n ? 1 : 0);

/** Orders positions of one store: negative if `a` is before `b`, 0 if equal, positive if after. Positions of two stores have no order. */
export const comparePositions = (a: string, b: string): number => {
  if (a === b) return 0;
  const left = decodePosition(a);
  const right = decodePosition(b);
  return sign(left.commit - right.commit) || sign(left.prepare - right.prepare);
};
