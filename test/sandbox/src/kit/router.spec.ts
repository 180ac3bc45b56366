import { describe, expect, it } from '@jest/globals';
import { Router } from './router.ts';

const router = new Router<string>();
for (const pattern of ['/users', '/users/:id', '/users/delta', '/users/:id/groups', '/users/:user/lifecycle/:step', '/:any/last'])
  router.add('GET', pattern, pattern);
router.add('DELETE', '/users/:id', 'gone');

describe('the router', () => {
  it.each([
    ['/users', '/users', {}],
    ['/users/', '/users', {}],
    ['/users/1', '/users/:id', { id: '1' }],
    ['/users/delta', '/users/delta', {}],
    ['/users/delta/groups', '/users/:id/groups', { id: 'delta' }],
    ['/users/a%40b.c%2Fd', '/users/:id', { id: 'a@b.c/d' }],
    ['/users/1/lifecycle/activate', '/users/:user/lifecycle/:step', { user: '1', step: 'activate' }],
    ['/groups/last', '/:any/last', { any: 'groups' }],
  ])('leads %s to %s', (path, pattern, params) => {
    expect(router.find('GET', path)).toMatchObject({ pattern, params });
  });

  it('tells an unknown path from an unknown method', () => {
    expect(router.find('GET', '/nothing')).toBeUndefined();
    expect(router.find('PUT', '/users/1')).toBe('method');
    expect(router.find('DELETE', '/users/1')).toMatchObject({ handler: 'gone' });
  });
});
