import { DELETED, METADATA_TYPE, type ProposedEvent } from './events.ts';

export interface Visibility {
  truncateBefore: number;
  maxCount: number | undefined;
  /** Milliseconds. */
  maxAge: number | undefined;
}

const NOTHING_HIDDEN: Visibility = { truncateBefore: 0, maxCount: undefined, maxAge: undefined };

const positive = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined);

/** Which events of its stream a metadata event hides. Anything that is not stream metadata hides nothing. */
export const parseStreamMetadata = ({ type, data }: ProposedEvent): Visibility => {
  if (type !== METADATA_TYPE) return NOTHING_HIDDEN;
  try {
    const { $tb, $maxCount, $maxAge } = JSON.parse(new TextDecoder().decode(data)) as Record<string, unknown>;
    const seconds = positive($maxAge);
    return {
      truncateBefore: Math.min(positive($tb) ?? 0, DELETED),
      maxCount: positive($maxCount),
      maxAge: seconds === undefined ? undefined : seconds * 1000,
    };
  } catch {
    return NOTHING_HIDDEN;
  }
};
