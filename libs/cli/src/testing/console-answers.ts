const cause = { type: 'WorkerRecorded', stream: 'worker-hr-main.x', revision: 0 };
const upTo = { position: '42', recordedAt: '2026-03-02T09:00:00.000Z' };
const person = { identityId: '7d1f3c52-9a44-5b0e-8f6d-2c1e0a9b7f31', employeeNumber: 'E1', displayName: 'Ada Byron' };
const change = { connection: 'okta-main', action: 'set', what: 'title', before: 'Analyst', after: 'Admiral' };
const noPlan = { upTo, person, commands: [], blocked: [], held: [] };

const unknown = { expression: "identity.costCenter == '7'", holds: false, outcome: 'missing', reads: {} };

const nobody = {
  status: 404,
  body: {
    code: 'person.unknown',
    status: 404,
    title: 'Nobody is known by that name',
    detail: 'nobody',
    remedy: 'Ask by employee number.',
  },
};

/** What the console would answer, in its shapes. */
export const answers: Record<string, { status?: number; body: object | string }> = {
  'GET /api/timeline/E1': {
    body: {
      upTo,
      person,
      cut: false,
      entries: [entry('WorkerRecorded', 'worker-hr-main.x'), { ...entry('AccountLinked', 'identity-y'), cause }],
    },
  },
  'GET /api/as-of/E1?date=2026-03-02&known=2026-03-03': {
    body: {
      upTo,
      person,
      asOf: '2026-03-02T23:59:59.999Z',
      knownAt: '2026-03-03T00:00:00.000Z',
      lifecycle: 'active',
      attributes: { title: 'Admiral' },
      accounts: [],
      notes: [{ connection: 'okta-main', note: 'not read yet' }],
    },
  },
  'GET /api/explain/E1/group%3AAll%20staff?connection=okta-main': { body: { upTo, person, subject: 'group:All staff', chains: [] } },
  'GET /api/plan/E1': { body: noPlan },
  'GET /api/plan/changed': { body: { ...noPlan, commands: [change] } },
  'GET /api/plan/held': {
    body: { ...noPlan, commands: [{ ...change, held: true }], held: [{ code: 'limit', message: 'too many at once' }] },
  },
  'POST /api/runs': { body: { runId: 'r-1' } },
  'GET /api/scope/E1': {
    body: {
      upTo,
      person,
      flows: [
        {
          flow: 'joiner',
          version: 3,
          inScope: true,
          scope: [
            { expression: "identity.lifecycle == 'active'", holds: true, outcome: 'value', reads: { 'identity.lifecycle': 'active' } },
          ],
          steps: [{ step: 'engineers', kind: 'group', connection: 'okta-main', applies: false, when: unknown }],
        },
      ],
    },
  },
  'GET /api/accounts?situation=orphan&connection=okta-main': {
    body: {
      upTo,
      asOf: upTo.recordedAt,
      knownAt: upTo.recordedAt,
      counts: [{ connection: 'okta-main', situation: 'unmatched', accounts: 7 }],
      accounts: [
        { connection: 'okta-main', accountId: '00u9', situation: 'unmatched', enabled: true, login: 'svc', why: 'it carries no match key' },
      ],
      next: 'okta-main/00u9',
      notes: [],
    },
  },
  'GET /api/cases': { body: { upTo, cases: [] } },
  'POST /api/cases/c-1/resolve': { body: { caseId: 'c-1' } },
  'GET /api/dead-letters': { body: { deadLetters: [] } },
  'GET /api/dead-letters/provisioning.work.1': { body: { id: 'provisioning.work.1', fault: { code: 'target.value_refused' } } },
  'POST /api/dead-letters/provisioning.work.1/retry': { status: 202, body: { id: 'provisioning.work.1' } },
  'GET /api/dead-letters/causes': { body: { causes: [{ service: 'provisioning', code: 'x.y', count: 3, oldest: '', newest: '' }] } },
  'POST /api/dead-letters/retry': { body: { sent: { provisioning: 1200 } } },
  'GET /api/status': {
    body: {
      upTo,
      services: [{ name: 'reconciliation', ready: false, because: 'database: down' }],
      connections: [],
      hooks: [
        { connection: 'okta-main', hearsBy: 'polling', heard: 5, missed: 2, hooks: [{ of: 'users', state: 'failed', because: 'no way' }] },
      ],
      quarantined: [
        {
          service: 'provisioning',
          connection: 'entra-main',
          state: 'waiting',
          until: upTo.recordedAt,
          failures: 20,
          fault: { code: 'target.unavailable', message: 'away', remedy: 'Look at the tenant.' },
        },
      ],
      sending: { 'okta-main': { queued: { leaver: 1, live: 0, batch: 40 }, inFlight: 3, donePerMinute: 90, restMs: 59_001 } },
      counts: { workers: 3 },
    },
  },
  'GET /api/timeline/nobody': nobody,
  'GET /api/plan/nobody': nobody,
  'GET /api/timeline/broken': {
    status: 503,
    body: { code: 'service.unavailable', status: 503, title: 'A service does not answer', remedy: 'See `muster status`.' },
  },
  'GET /api/timeline/invalid': {
    status: 400,
    body: { title: 'The request is not valid', problems: [{ record: 'E1', field: 'date', message: 'is no date' }], remedy: 'Correct it.' },
  },
  'GET /api/timeline/proxy': { status: 502, body: '<html>Bad Gateway</html>' },
};

function entry(type: string, stream: string): object {
  const { recordedAt } = upTo;
  return { recordedAt, occurredAt: recordedAt, stream, revision: 0, eventId: 'e', type, summary: 'what happened', correlationId: 'c' };
}
