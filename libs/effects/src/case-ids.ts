import { createHash } from 'node:crypto';
import type { Ids } from '@muster/identity';

const unused = (): never => {
  throw new TypeError('commands are named where they are planned');
};

/** A sender names nothing but cases: a UUID (version 8) of the parts, the same for the same parts. The parts are ids and hold nothing personal. */
export const caseIds: Ids = {
  commandId: unused,
  valueHmac: unused,
  caseId: (parts) => {
    const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  },
};
