import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sameSecret } from '@muster/service-kit';
import { flowText, HR, INTERNAL, Neighbour, OPERATOR, Rig } from './testing/rig.ts';

const MAIN = ['hr-ingestion', 'reconciliation', 'provisioning', 'audit-projection'];
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.build(MAIN);
  await rig.writeFlow('leaver.flow.yaml', flowText('leaver', 'Leaver'));
  await rig.start();
}, 60_000);
afterAll(() => rig.tearDown(), 30_000);
beforeEach(() => {
  for (const neighbour of rig.neighbours.values()) neighbour.asked.length = 0;
});

const upTo = { position: '42', recordedAt: '2026-03-02T09:00:00.000Z' };

describe('the door of operators', () => {
  it('asks a service with the internal token, and hands its answer on as it is', async () => {
    const audit = rig.neighbour('audit-projection');
    audit.says.set('GET /timeline/E1?limit=5', { status: 200, body: { upTo, entries: [1, 2] } });
    const answer = await rig.ask('/api/timeline/E1?limit=5');
    expect(answer).toMatchObject({ status: 200, body: { upTo, entries: [1, 2] } });
    expect(audit.asked).toEqual([{ method: 'GET', url: '/timeline/E1?limit=5', authorization: `Bearer ${INTERNAL}`, body: '' }]);
  });

  it.each([
    ['nothing', '', 'auth.token_missing'],
    ['a wrong token of the right length', 'x'.repeat(OPERATOR.length), 'auth.token_invalid'],
    ['the beginning of the right one', OPERATOR.slice(0, -1), 'auth.token_invalid'],
    ["an HR system's credential", HR, 'auth.token_invalid'],
    ['the internal token', INTERNAL, 'auth.token_invalid'],
  ])('stays shut for %s, and asks nobody', async (_what, token, code) => {
    const refused = await rig.ask('/api/status', { token });
    expect(refused).toMatchObject({ status: 401, body: { code, remedy: expect.stringContaining('Authorization') } });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect([...rig.neighbours.values()].flatMap(({ asked }) => asked)).toEqual([]);
  });

  it('compares secrets as a whole', () => {
    expect(sameSecret(OPERATOR, OPERATOR)).toBe(true);
    for (const wrong of ['', OPERATOR.slice(1), `${OPERATOR}x`, OPERATOR.toUpperCase(), 'é'.repeat(OPERATOR.length / 2)])
      expect(sameSecret(wrong, OPERATOR)).toBe(false);
  });

  it("hands on a service's refusal in its own words", async () => {
    const problem = { code: 'person.unknown', status: 404, title: 'Nobody is known by that name', remedy: 'Ask by employee number.' };
    rig.neighbour('audit-projection').says.set('GET /people/nobody', { status: 404, body: problem, type: 'application/problem+json' });
    for (const path of ['/api/people/nobody', '/api/plan/nobody']) {
      const refused = await rig.ask(path);
      expect(refused).toMatchObject({ status: 404, body: problem });
      expect(refused.headers.get('content-type')).toContain('application/problem+json');
    }
    expect(rig.neighbour('reconciliation').asked).toEqual([]);
  });

  it('names the service that does not answer, and what to do', async () => {
    await rig.neighbour('audit-projection').stop();
    const refused = await rig.ask('/api/timeline/E1');
    expect(refused).toMatchObject({
      status: 503,
      body: {
        code: 'service.unavailable',
        detail: expect.stringContaining('audit-projection'),
        remedy: expect.stringContaining('start audit-projection again'),
      },
    });
    await replace('audit-projection');
  });

  it('leads nowhere but to the services', async () => {
    const stranger = rig.neighbour('hr-ingestion');
    const { host } = new URL(stranger.url);
    expect(await rig.ask(`/api//${host}/people/E1`)).toMatchObject({ status: 404, body: { code: 'http.not_found' } });
    expect(stranger.asked).toEqual([]);
  });

  it('has a case resolved by the operator, whoever the sender says it is', async () => {
    const reconciliation = rig.neighbour('reconciliation');
    reconciliation.says.set('POST /cases/c-1/resolve', { status: 200, body: { caseId: 'c-1' } });
    const body = { answer: 'link', by: 'somebody else' };
    expect(await rig.ask('/api/cases/c-1/resolve', { body })).toMatchObject({ status: 200, body: { caseId: 'c-1' } });
    expect(JSON.parse(reconciliation.asked[0]?.body ?? '')).toEqual({ answer: 'link', by: 'operator' });
  });
});

describe('an approval', () => {
  it.each([
    ['a person who is no list', { persons: 'E1' }],
    ['an empty list', { persons: [] }],
    ['a list of no names', { persons: [7] }],
    ['more people than one answer may name', { persons: Array.from({ length: 501 }, (_, at) => `E${at}`) }],
    ['a name that nobody knows', { person: ['E1'] }],
  ])('whose part cannot be understood is refused, and never taken for one of the whole: %s', async (_what, part) => {
    const refused = await rig.ask('/api/runs/r1/approve', { body: { planHash: 'a'.repeat(64), ...part } });
    expect(refused).toMatchObject({ status: 400, body: { code: 'http.request_invalid', detail: expect.stringMatching(/persons|person/) } });
    expect([...rig.neighbours.values()].flatMap(({ asked }) => asked)).toEqual([]);
  });

  it('of a part goes on with the people it names', async () => {
    rig.neighbour('audit-projection').says.set('GET /people/E1', { status: 200, body: { identityId: 'i-1' } });
    rig.neighbour('reconciliation').says.set('POST /runs/r1/approve', { status: 201, body: { approved: true } });
    const answer = await rig.ask('/api/runs/r1/approve', { body: { planHash: 'h', persons: ['E1'] } });
    expect(answer).toMatchObject({ status: 201 });
    expect(JSON.parse(rig.neighbour('reconciliation').asked[0]?.body ?? '')).toEqual({
      planHash: 'h',
      identities: ['i-1'],
      by: 'operator',
    });
  });
});

describe('dead letters', () => {
  it('are gathered from every service that keeps some, and retried where they belong', async () => {
    rig
      .neighbour('reconciliation')
      .says.set('GET /dead-letters', { status: 200, body: { deadLetters: [{ id: 'reconciliation.work.1' }] } });
    rig.neighbour('provisioning').says.set('GET /dead-letters', { status: 200, body: { deadLetters: [{ id: 'provisioning.work.2' }] } });
    const { body } = await rig.ask('/api/dead-letters');
    expect(body).toEqual({ deadLetters: [{ id: 'reconciliation.work.1' }, { id: 'provisioning.work.2' }] });
    const path = '/dead-letters/provisioning.work.2/retry';
    rig.neighbour('provisioning').says.set(`POST ${path}`, { status: 202, body: { id: 'provisioning.work.2' } });
    expect(await rig.ask(`/api${path}`, { body: {} })).toMatchObject({ status: 202 });
    expect(rig.neighbour('provisioning').asked.at(-1)).toMatchObject({ method: 'POST', url: path });
    expect(await rig.ask('/api/dead-letters/nobody.work.2')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('nobody') },
    });
  });

  it('H10: are counted by cause over all services, and sent again by cause wherever there are some', async () => {
    const [one, other] = [rig.neighbour('reconciliation'), rig.neighbour('provisioning')];
    const cause = { code: 'target.value_refused', count: 1200 };
    one.says.set('GET /dead-letters/causes', { status: 200, body: { causes: [] } });
    other.says.set('GET /dead-letters/causes', { status: 200, body: { causes: [cause] } });
    expect(await rig.ask('/api/dead-letters/causes')).toMatchObject({ status: 200, body: { causes: [cause] } });
    one.says.set('POST /dead-letters/retry', { status: 202, body: { sent: 0 } });
    other.says.set('POST /dead-letters/retry', { status: 202, body: { sent: 1200 } });
    const body = { code: 'target.value_refused' };
    expect(await rig.ask('/api/dead-letters/retry', { body })).toMatchObject({ status: 200, body: { sent: { provisioning: 1200 } } });
    for (const { asked } of [one, other]) expect(JSON.parse(asked.at(-1)?.body ?? '')).toEqual(body);
  });

  it('are not said to be none when a service fails to tell', async () => {
    const problem = { code: 'internal.bug', status: 500, title: 'Muster failed' };
    rig.neighbour('provisioning').says.set('GET /dead-letters', { status: 500, body: problem, type: 'application/problem+json' });
    expect(await rig.ask('/api/dead-letters')).toMatchObject({ status: 500, body: problem });
    rig.neighbour('provisioning').says.delete('GET /dead-letters');
  });
});

describe('the status', () => {
  it('gathers services, connections and backlog, and what is down hides nothing else', async () => {
    for (const neighbour of rig.neighbours.values()) neighbour.says.set('GET /health/ready', { status: 200, body: { status: 'ok' } });
    rig.neighbour('reconciliation').says.set('GET /health/ready', {
      status: 503,
      body: { status: 'error', error: { database: { status: 'down', message: 'connection refused' } } },
    });
    rig
      .neighbour('reconciliation')
      .says.set('GET /status', { status: 200, body: { waiting: 7, openCases: 2, quarantined: [{ connection: 'okta-main' }] } });
    rig.neighbour('reconciliation').says.set('GET /dead-letters', {
      status: 200,
      body: { deadLetters: [{ code: 'internal.bug' }, { code: 'messaging.waits' }] },
    });
    rig.neighbour('audit-projection').says.set('GET /status', { status: 200, body: { upTo, counts: { identities: 3 } } });
    await rig.neighbour('provisioning').stop();
    const { status, body } = await rig.ask('/api/status');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      upTo,
      services: [
        { name: 'hr-ingestion', ready: true },
        { name: 'reconciliation', ready: false, because: 'database: connection refused' },
        { name: 'provisioning', ready: false, because: expect.stringContaining('provisioning') },
        { name: 'audit-projection', ready: true },
      ],
      connections: [{ connection: 'hr-main' }, { connection: 'hr-other' }, { connection: 'okta-main' }],
      quarantined: [{ service: 'reconciliation', connection: 'okta-main' }],
      counts: { identities: 3, 'open cases': 2, 'dead letters': 1, 'reconciliation: waiting': 7 },
    });
    await replace('provisioning');
  });
});

describe('the door of an HR system', () => {
  const push = { schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'], Operations: [] };

  it('takes a push under the credential of its own connection, and hands it to hr-ingestion', async () => {
    const ingestion = rig.neighbour('hr-ingestion');
    ingestion.says.set('POST /bulk/hr-main', { status: 202, body: { Operations: [] }, type: 'application/scim+json' });
    const answer = await rig.ask('/scim/v2/hr-main/Bulk', { token: HR, body: push });
    expect(answer).toMatchObject({ status: 202, body: { Operations: [] } });
    expect(answer.headers.get('location')).toBe('/scim/v2/hr-main/Bulk');
    expect(JSON.parse(ingestion.asked[0]?.body ?? '')).toEqual(push);
  });

  it.each([
    ['the operator token', 'hr-main', OPERATOR],
    ['no credential', 'hr-main', ''],
    ['the credential of another connection', 'hr-other', HR],
    ['a connection that is not there', 'hr-none', HR],
  ])('stays shut for %s', async (_what, connection, token) => {
    expect(await rig.ask(`/scim/v2/${connection}/Bulk`, { token, body: push })).toMatchObject({ status: 401 });
    expect(rig.neighbour('hr-ingestion').asked).toEqual([]);
  });
});

describe('flow files', () => {
  const happened = async (): Promise<string[]> =>
    (await rig.events('flow-')).map(({ type, data }) => `${type} ${data.flowId as string} ${data.version as number}`);

  it('are published once, again when their content changed, and retired when they are gone', async () => {
    expect(await happened()).toEqual(['FlowPublished leaver 1']);
    await rig.start();
    expect(await happened()).toEqual(['FlowPublished leaver 1']);
    await rig.writeFlow('leaver.flow.yaml', flowText('leaver', 'Whoever left'));
    await rig.writeFlow('mover.flow.yaml', flowText('mover', 'Mover'));
    await rig.start();
    const published = ['FlowPublished leaver 1', 'FlowPublished leaver 2', 'FlowPublished mover 1'];
    expect(await happened()).toEqual(published);
    await rig.removeFlow('mover.flow.yaml');
    await rig.start();
    await rig.start();
    expect(await happened()).toEqual([...published, 'FlowRetired mover 1']);
    await rig.writeFlow('mover.flow.yaml', flowText('mover', 'Mover'));
    await rig.start();
    expect(await happened()).toEqual([...published, 'FlowRetired mover 1', 'FlowPublished mover 2']);
  }, 30_000);

  it('that are all gone look like the wrong folder, and retire nothing', async () => {
    const before = await happened();
    await rig.removeFlow('leaver.flow.yaml');
    await rig.removeFlow('mover.flow.yaml');
    await rig.start();
    expect(await happened()).toEqual(before);
  }, 20_000);

  it('with problems keep it from starting: file, line and remedy of each are named, and nothing is published', async () => {
    const before = await happened();
    await rig.writeFlow('good.flow.yaml', flowText('good', 'Good'));
    await rig.writeFlow('bad.flow.yaml', flowText('bad', 'Bad').replace("== 'ended'", "== = 'ended'"));
    await rig.writeFlow('worse.flow.yaml', 'flow: [');
    await expect(rig.start()).rejects.toThrow(/worse\.flow\.yaml:1:\d+ [^]*bad\.flow\.yaml:5:\d+ .*Correct/);
    expect(await happened()).toEqual(before);
    for (const name of ['bad', 'worse']) await rig.removeFlow(`${name}.flow.yaml`);
  }, 20_000);

  it('that give one flow two contents keep it from starting, too', async () => {
    await rig.writeFlow('copy.flow.yaml', flowText('good', 'Good, once more'));
    await expect(rig.start()).rejects.toThrow(/good\.flow\.yaml:1:1 the flow "good" stands in copy\.flow\.yaml, too/);
  }, 20_000);
});

describe('connections', () => {
  it('are declared when they are new or changed, not at every start', async () => {
    expect(
      (await rig.events('connection-')).map(({ type, data }) => `${type} ${data.connection as string} ${data.state as string}`),
    ).toEqual(['ConnectionDeclared hr-main observe', 'ConnectionDeclared hr-other observe', 'ConnectionDeclared okta-main observe']);
  });
});

/** Somebody new answers in the place of a neighbour who has gone. */
async function replace(name: string): Promise<void> {
  rig.neighbours.set(name, await Neighbour.start());
  await rig.start();
}
