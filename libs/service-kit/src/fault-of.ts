import { faultOf as faultOfConnector } from '@muster/connector';
import { StoreUnavailable, TooMuchContention } from '@muster/event-store';
import type { ThrownFault } from '@muster/work';

/** The fault behind an error of any edge that a service has: a connected system, or the event store. Undefined: a defect of ours. */
export function faultOf(error: unknown): ThrownFault | undefined {
  if (error instanceof StoreUnavailable || error instanceof TooMuchContention) {
    const { code } = error;
    return { code, kind: 'transient', message: 'The event store could not be reached, or did not take the change in time' };
  }
  return faultOfConnector(error);
}
