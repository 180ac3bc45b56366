import { entry, type ErrorCodeEntry } from './code-entry.ts';

/** Codes of the store, the key ring, the transport, and of what reading a system could not vouch for. Part of the one registry. */
export const codesOfEdges = {
  'connection.item_repeated': entry(
    'An object came twice in one list',
    'transient',
    502,
    'Nothing to do: nothing is concluded from this list, and it is read again. If it lasts, report it to the vendor of {connection}.',
  ),
  'connection.item_unreadable': entry(
    'An object of a list could not be read',
    'refused',
    502,
    'Look at the objects of {connection} that lack an id or a status; until then nothing is concluded from what this list does not show.',
  ),
  'connection.page_repeated': entry(
    'A list leads back to a page that was given before',
    'transient',
    502,
    'Nothing to do: nothing is concluded from this list, and it is read again. If it lasts, report it to the vendor of {connection}.',
  ),
  'connection.read_cut': entry(
    'A list was longer than may be read at once',
    'refused',
    502,
    'Nothing is concluded from what was not reached; look at {connection} for the object that holds so much.',
  ),
  'connection.read_empty': entry(
    'A list was empty that cannot be',
    'transient',
    502,
    'Nothing to do: nothing is concluded from it, and it is read again. If it lasts, check the permissions of {connection}.',
  ),
  'connection.watermark_invalid': entry(
    'A stored place in a list or log is not one of this connection',
    'refused',
    502,
    'Nothing to do: changes are followed from now on, and everything is read once more. Check the address of {connection} if it has changed.',
  ),
  'keyring.cannot_decrypt': entry(
    'What is stored cannot be decrypted',
    'bug',
    500,
    'Put back the key ring that belongs to this store. If both belong together, the stored event was damaged: restore it from a backup.',
  ),
  'keyring.subject_erased': entry(
    'The person was erased',
    'refused',
    410,
    'Nothing to do: the keys are gone for ever, and nothing more is written about this person under the old ones.',
  ),
  'messaging.not_in_store': entry(
    'A message names an event that the store does not hold',
    'bug',
    500,
    'Check that the topics belong to this store; after the store was restored from a backup, drop the message from the dead letters.',
  ),
  'messaging.waits': entry(
    'A message waits behind a dead letter of its key',
    'transient',
    503,
    'Mend or drop the dead letter that it waits for; it follows by itself.',
  ),
  'read.count_implausible': entry(
    'A full read found less than half of what the one before found',
    'refused',
    502,
    'Check whether so much is really gone from {connection}; until it is confirmed, nothing is concluded from what is missing.',
  ),
  'read.count_short': entry(
    'A full read found less than the system says there is',
    'transient',
    502,
    'Nothing to do: it is read again. If it lasts, check the permissions of {connection}.',
  ),
  'read.list_cut_off': entry(
    'A list ended without saying that it was whole',
    'transient',
    502,
    'Nothing to do: nothing is concluded from it, and it is read again.',
  ),
  'read.pages_lost': entry(
    'The pages of a full read were lost with the database',
    'transient',
    503,
    'Nothing to do: the read begins anew.',
  ),
  'read.permission_missing': entry(
    'A full read was made without all permissions',
    'unauthorised',
    502,
    'Grant {permission} to the credential of {connection}; a full read follows by itself when it is there.',
  ),
  'store.access_denied': entry(
    'The event store refused the credential',
    'unauthorised',
    503,
    'Correct the credential of the event store in the settings and start again.',
  ),
  'store.append_too_large': entry(
    'More was to be appended at once than the event store takes',
    'bug',
    500,
    'Report it with the stream that the message names; nothing was appended.',
  ),
  'store.contention': entry(
    'Others kept writing to the stream first',
    'transient',
    503,
    'Nothing to do: it is tried again. If it lasts, two processes are at the same work: look for the second.',
  ),
  'store.fault': entry(
    'The event store answered something that it should not',
    'transient',
    503,
    'Nothing to do: it is tried again. If it lasts, look at the log of the event store.',
  ),
  'store.misuse': entry('The event store was asked for something that makes no sense', 'bug', 500, 'Report it; nothing was appended.'),
  'store.stream_deleted': entry(
    'A stream of the event store was deleted',
    'refused',
    500,
    'Restore the store from a backup: its streams are never deleted by us, and history without them proves nothing.',
  ),
  'target.object_protected': entry(
    'The target does not let this credential do that to this object',
    'refused',
    403,
    'A person with more rights has to do it: open a ticket, or grant an admin role that covers the object to the credential of {connection}.',
  ),
} as const satisfies Record<string, ErrorCodeEntry>;
