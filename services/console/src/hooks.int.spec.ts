import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { INTERNAL, type Neighbour, Rig } from './testing/rig.ts';

let rig: Rig;
let okta: Neighbour;

beforeAll(async () => {
  rig = await Rig.build(['okta-ingestion', 'audit-projection']);
  okta = rig.neighbour('okta-ingestion');
  await rig.start();
}, 60_000);
afterAll(() => rig.tearDown(), 30_000);
beforeEach(() => {
  okta.asked.length = 0;
});

const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  rig.call(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

describe('the door of vendors', () => {
  it('hands a delivery and its answer on, with the internal token and without headers that nobody asked for', async () => {
    okta.says.set('POST /hooks/okta-main', { status: 401, body: { code: 'hook.sender_unproven' } });
    const answer = await post('/hooks/okta-main', '{"a": 1}', { authorization: 'Bearer theirs', cookie: 'x=1' });
    expect(answer).toMatchObject({ status: 401, text: '{"code":"hook.sender_unproven"}', nosniff: true });
    expect(okta.asked).toEqual([{ method: 'POST', url: '/hooks/okta-main', authorization: `Bearer ${INTERNAL}`, body: '{"a":1}' }]);
  });

  it('hands the token of a validation on, whatever is in it, and its answer back as text', async () => {
    const path = `/hooks/okta-main?${new URLSearchParams({ validationToken: 'a b&c=d/../<e>' }).toString()}`;
    okta.says.set(`POST ${path}`, { status: 200, body: {}, type: 'text/plain' });
    const answer = await rig.call(`${path}&more=1`, { method: 'POST', headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '' });
    expect(answer).toMatchObject({ status: 200, type: expect.stringContaining('text/plain'), nosniff: true });
    expect(okta.asked).toMatchObject([{ url: path, body: '{}' }]);
  });

  it('is there only for connections with hooks, and leads nowhere else', async () => {
    for (const path of ['/hooks/hr-main', '/hooks/nobody', '/hooks/okta-main%2F..%2Fdead-letters', '/hooks/okta-main/more', '/hooks'])
      expect((await post(path, '{}')).status).toBe(404);
    expect(okta.asked).toEqual([]);
  });

  it('refuses what is no JSON, or too large, without asking anybody', async () => {
    expect((await post('/hooks/okta-main', '{"cut')).status).toBe(400);
    expect((await post('/hooks/okta-main', JSON.stringify('x'.repeat(1_100_000)))).status).toBe(413);
    expect(okta.asked).toEqual([]);
  });
});
