import type { OutgoingRecord } from './to-records.ts';

/** What one transaction of the broker holds at most, so that no partition gets more than a record batch may have. */
const LARGEST_PUBLICATION = 1024 * 1024;

/** Records, in order, as lists that one transaction of the broker can hold. */
export function* inPortions(records: readonly OutgoingRecord[]): Generator<OutgoingRecord[]> {
  let portion: OutgoingRecord[] = [];
  let size = 0;
  for (const record of records) {
    const length = record.value?.length ?? 0;
    if (portion.length > 0 && size + length > LARGEST_PUBLICATION) {
      yield portion;
      portion = [];
      size = 0;
    }
    portion.push(record);
    size += length;
  }
  if (portion.length > 0) yield portion;
}
