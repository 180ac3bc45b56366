import type { DataFolder } from './data-folder.ts';
import { DOMAIN, type SandboxAddresses } from './sandboxes.ts';

/** Writes the connection file of the sandboxes, with a subscriber as an example; secrets stand in files of their own beside it. */
export function writeConnections(data: DataFolder, { okta, entra }: SandboxAddresses): string {
  data.token('hr-token');
  data.write('entra-secret', entra.clients.muster.clientSecret);
  return data.write(
    'connections.yaml',
    `connections:
  - name: hr-main
    kind: hr
    authoritative: true
    credential: { token: "file:${data.file('hr-token')}" }
  - name: okta-main
    kind: okta
    url: ${okta.url}
    credential: { clientId: ${okta.oauth.muster.clientId}, privateKey: "file:${okta.oauth.muster.privateKeyFile}" }
    state: live
    domain: ${DOMAIN}
  - name: entra-main
    kind: entra
    url: ${entra.graphUrl}
    loginUrl: ${entra.loginUrl}
    tenant: ${entra.tenantId}
    credential: { clientId: ${entra.clients.muster.clientId}, clientSecret: "file:${data.file('entra-secret')}" }
    state: live
    domain: ${DOMAIN}
subscribers:
  - name: seating-plan
    sees: [attributes.displayName, attributes.department]
`,
  );
}
