import { createHash, generateKeyPair, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, importSPKI, type JWK } from 'jose';
import { writeSecret } from '../kit/ca.ts';
import type { Kit } from '../kit/kit.ts';
import type { StateFile } from '../kit/state.ts';
import type { Caller } from './records.ts';

export interface ApiToken {
  id: string;
  name: string;
  secret: string;
  role: Caller['role'];
  /** The admin that the token belongs to: the actor of what is done with it. */
  actor: Caller['actor'];
}

export interface ServiceApp {
  clientId: string;
  name: string;
  role: Caller['role'];
  scopes: string[];
  /** Demand sender-constrained tokens. */
  dpop: boolean;
  publicKey: JWK;
  privateKeyFile: string;
}

const READS = ['users', 'groups', 'apps', 'logs', 'schemas', 'devices', 'roles', 'eventHooks', 'userTypes', 'orgs'].map(
  (area) => `okta.${area}.read`,
);
const WRITES = ['users', 'groups', 'apps', 'eventHooks', 'schemas'].map((area) => `okta.${area}.manage`);

/** The org's API tokens and service apps; made at the first start and kept. Secrets never enter the journal or the log. */
export class Credentials {
  readonly tokens = new Map<string, ApiToken>();
  readonly apps = new Map<string, ServiceApp>();
  #bySecret = new Map<string, ApiToken>();

  private constructor(
    readonly kit: Kit,
    readonly state: StateFile,
  ) {}

  static async open(kit: Kit, state: StateFile): Promise<Credentials> {
    const credentials = new Credentials(kit, state);
    for (const [, token] of state.objects('token')) credentials.#remember(token as ApiToken);
    for (const [, app] of state.objects('service-app')) credentials.apps.set((app as ServiceApp).name, app as ServiceApp);
    if (credentials.tokens.size === 0) await credentials.#makeDefaults();
    return credentials;
  }

  /** An API token; `name` is also that of its owner. */
  addToken(name: string, role: Caller['role']): ApiToken {
    const id = `00T${name.replaceAll(/\W/g, '').slice(0, 8).padEnd(8, '0')}${randomBytes(5).toString('hex').slice(0, 9)}`;
    const owner = `00u${createHash('sha256').update(`owner/${name}`).digest('base64url').replaceAll(/\W/g, '0').slice(0, 17)}`;
    const actor = { id: owner, type: 'User', alternateId: `${name}@admins.example`, displayName: `Administrator ${name}` } as const;
    const token: ApiToken = { id, name, role, secret: `00${randomBytes(30).toString('base64url')}`, actor };
    this.state.putObject('token', id, token);
    this.#remember(token);
    return token;
  }

  tokenOf(secret: string): ApiToken | undefined {
    return this.#bySecret.get(secret);
  }

  revokeToken(name: string): boolean {
    const token = this.tokens.get(name);
    if (!token) return false;
    this.tokens.delete(name);
    this.#bySecret.delete(token.secret);
    this.state.deleteObject('token', token.id);
    return true;
  }

  appOf(clientId: string): ServiceApp | undefined {
    return [...this.apps.values()].find((app) => app.clientId === clientId);
  }

  /** A service app with a new RSA key; the private half is written to the data folder and kept nowhere else. */
  async addServiceApp(given: Pick<ServiceApp, 'name' | 'role' | 'scopes' | 'dpop'>): Promise<ServiceApp> {
    const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    const privateKeyFile = join(this.kit.data, `okta-${given.name}.pem`);
    writeSecret(privateKeyFile, privateKey);
    const clientId = `0oa${randomBytes(12).toString('hex').slice(0, 17)}`;
    const app = {
      ...given,
      clientId,
      privateKeyFile,
      publicKey: await exportJWK(await importSPKI(publicKey, 'RS256', { extractable: true })),
    };
    this.state.putObject('service-app', given.name, app);
    this.apps.set(given.name, app);
    return app;
  }

  async #makeDefaults(): Promise<void> {
    this.addToken('admin', 'SUPER_ADMIN');
    this.addToken('muster', 'SUPER_ADMIN');
    this.addToken('readOnly', 'READ_ONLY_ADMIN');
    await Promise.all([
      this.addServiceApp({ name: 'muster', role: 'SUPER_ADMIN', scopes: [...READS, ...WRITES], dpop: false }),
      this.addServiceApp({ name: 'observe', role: 'READ_ONLY_ADMIN', scopes: READS, dpop: false }),
      this.addServiceApp({ name: 'dpop', role: 'SUPER_ADMIN', scopes: [...READS, ...WRITES], dpop: true }),
    ]);
    this.state.commit();
  }

  #remember(token: ApiToken): void {
    this.tokens.set(token.name, token);
    this.#bySecret.set(token.secret, token);
  }
}
