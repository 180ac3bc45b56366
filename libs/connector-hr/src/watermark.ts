/**
 * How far the changes of a report were read. Bound to the field map under which they were read: rows that an older map passed over are not
 * looked at again by a newer one, so a place of another map is none.
 */
export interface ReportMark {
  /** What was written since then is still to be read. */
  readonly since: string;
  /** In the middle of a read: the next page, and what the system's clock said when it began. */
  readonly cursor?: string;
  readonly startedAt?: string;
}

export const writeMark = (mark: ReportMark, map: string): string => JSON.stringify({ map, ...mark });

/** Undefined for a place that was made under another map, or by somebody else. */
export const readMark = (watermark: string, map: string): ReportMark | undefined => {
  try {
    const mark = JSON.parse(watermark) as Partial<ReportMark> & { map?: unknown };
    if (mark.map !== map || typeof mark.since !== 'string') return undefined;
    const { since, cursor, startedAt } = mark;
    return { since, ...(cursor === undefined ? {} : { cursor }), ...(startedAt === undefined ? {} : { startedAt }) };
  } catch {
    return undefined;
  }
};
