import { ok, param, type AddRoute } from './call.ts';
import { isRecord, notFound, objectBody } from './errors.ts';
import { viewApp } from './apps.ts';

const TYPE_ID = 'otyfnly5cQjJT9PnR0g4';

/** Schemas, user types and the org itself. */
export function addMetaRoutes(add: AddRoute): void {
  add('GET', '/api/v1/meta/schemas/user/:schema', ({ org, request }) => ok(org.schema.document(request.origin)));
  add('POST', '/api/v1/meta/schemas/user/:schema', ({ org, request }) => {
    const definitions = objectBody(request.body)['definitions'];
    const custom = isRecord(definitions) && isRecord(definitions['custom']) ? definitions['custom']['properties'] : undefined;
    if (isRecord(custom)) org.addCustomAttributes(custom);
    return ok(org.schema.document(request.origin));
  });
  add('GET', '/api/v1/meta/schemas/group/default', ({ request }) =>
    ok({
      id: `${request.origin}/meta/schemas/group/default`,
      $schema: 'http://json-schema.org/draft-04/schema#',
      name: 'group',
      title: 'Okta group',
      type: 'object',
      definitions: {
        base: {
          id: '#base',
          type: 'object',
          properties: {
            name: { title: 'Name', type: 'string', required: true, maxLength: 255 },
            description: { title: 'Description', type: 'string' },
          },
          required: ['name'],
        },
        custom: {
          id: '#custom',
          type: 'object',
          properties: { costCenterOwner: { title: 'Owner of the cost center', type: 'string' } },
          required: [],
        },
      },
      properties: { profile: { allOf: [{ $ref: '#/definitions/custom' }, { $ref: '#/definitions/base' }] } },
    }),
  );
  add('GET', '/api/v1/meta/schemas/apps/:id/default', ({ org, request }) => {
    const app = viewApp(org, param(request, 'id'));
    const known = isRecord(app.rest['appUserSchema']) ? app.rest['appUserSchema'] : {};
    return ok({
      id: `${request.origin}/meta/schemas/apps/${app.id}/default`,
      $schema: 'http://json-schema.org/draft-04/schema#',
      name: app.name,
      title: `${app.label} User`,
      type: 'object',
      definitions: {
        base: { id: '#base', type: 'object', properties: {}, required: [] },
        custom: { id: '#custom', type: 'object', properties: known, required: [] },
      },
    });
  });
  add('GET', '/api/v1/meta/types/user', ({ request }) => ok([userType(request.origin)]));
  add('GET', '/api/v1/meta/types/user/:type', ({ request }) => {
    if (![TYPE_ID, 'default'].includes(param(request, 'type'))) throw notFound(param(request, 'type'), 'UserType');
    return ok(userType(request.origin));
  });
  add('GET', '/api/v1/org', ({ request }) =>
    ok({
      id: '00o1sandbox0000000d7',
      companyName: 'Kestrel & Lindqvist',
      subdomain: 'kestrel',
      status: 'ACTIVE',
      created: '2025-01-01T00:00:00.000Z',
      website: request.origin,
      _links: {},
    }),
  );
}

const userType = (origin: string): object => ({
  id: TYPE_ID,
  displayName: 'User',
  name: 'user',
  description: 'Okta user profile template with default permission settings',
  default: true,
  created: '2025-01-01T00:00:00.000Z',
  _links: { self: { href: `${origin}/api/v1/meta/types/user/${TYPE_ID}` } },
});
