import type { Database } from '@muster/read-store';
import type { ObjectRef } from './source.ts';
export async function scheduleFetches(_t: Database, _c: string, _rows: readonly (ObjectRef & { due: Date })[]): Promise<void> {}
