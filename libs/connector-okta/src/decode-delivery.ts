import type { Told } from '@muster/connector';
import { hintsOf } from './hints.ts';
import { isWire, textOf } from './observe.ts';

/** The header in which Okta sends the secret of a hook of ours. */
export const SECRET_HEADER = 'x-muster-hook-secret';

/**
 * What an event hook's delivery says, one entry for each event of the System Log in it; undefined: this is no delivery. An event that cannot be
 * read says nothing. A deletion is no proof here: the log, read by ourselves, is.
 */
export const decodeDelivery = (body: unknown): Told[] | undefined => {
  if (!isWire(body) || body['eventType'] !== 'com.okta.event_hook') return undefined;
  const events: unknown = isWire(body['data']) ? body['data']['events'] : undefined;
  if (!Array.isArray(events)) return undefined;
  return events.filter(isWire).map((event): Told => {
    const once = textOf(event['uuid']);
    const hints = hintsOf(event, undefined);
    return {
      ...(once === undefined ? {} : { once }),
      hints: hints.map(({ deleted: _unproven, ...hint }) => hint),
      ...(/\.delete(\.|$)/.test(textOf(event['eventType']) ?? '') ? { deletion: true } : {}),
    };
  });
};
