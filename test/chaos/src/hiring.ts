import { askAdmin, type Sandboxes } from '@muster/local';
import { pick } from './random.ts';

const TITLES = ['Engineer', 'Analyst', 'Planner', 'Editor', 'Buyer', 'Auditor', 'Chemist', 'Driver'];
const FAMILY = ['Ng', 'Kaya', 'Lindqvist', 'Okafor', 'Novak', 'Marsh', 'Ito', 'Haddad', 'Silva', 'Roux'];
const GIVEN = ['Ada', 'Bo', 'Cem', 'Dana', 'Eli', 'Fay', 'Gus', 'Hana', 'Ivo', 'June'];

/** The HR department of the sandbox company: hires people, changes their titles, and pushes both by SCIM bulk. */
export class Hiring {
  readonly hired: string[] = [];
  changes = 0;

  constructor(
    private readonly sandboxes: Sandboxes,
    private readonly target: { readonly url: string; readonly token: string },
    private readonly random: () => number,
  ) {}

  async hire(count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const { key } = await askAdmin<{ key: string }>(this.sandboxes, '/hr/workers', {
        givenName: pick(GIVEN, this.random),
        familyName: pick(FAMILY, this.random),
        title: pick(TITLES, this.random),
        department: 'Engineering',
        hireDate: new Date().toISOString().slice(0, 10),
        timeZone: 'UTC',
      });
      this.hired.push(key);
    }
  }

  /** Hires many people while HR delivers nothing, and then has it deliver them all: an import. */
  async import(count: number): Promise<void> {
    const subscription = new URL('/hr/subscription', this.sandboxes.addresses.adminUrl);
    const answer = await fetch(subscription, { method: 'DELETE' });
    if (!answer.ok) throw new Error(`the HR system answered ${answer.status} to the end of its deliveries`);
    await answer.body?.cancel();
    await this.hire(count);
    await askAdmin(this.sandboxes, '/hr/subscription', { target: `${this.target.url}/scim/v2/hr-main/Bulk`, token: this.target.token });
  }

  /** Work for every component: some people who were hired before get another title, and their records are pushed twice. */
  async stir(): Promise<void> {
    if (this.hired.length === 0) return this.hire(1);
    const keys = [...new Set([1, 2, 3].map(() => pick(this.hired, this.random)))];
    for (const key of keys) await this.#change(key, `${pick(TITLES, this.random)} ${++this.changes}`);
    const order = {
      target: `${this.target.url}/scim/v2/hr-main/Bulk`,
      token: this.target.token,
      ids: keys,
      repeat: 2,
      size: 1,
      timeoutMs: 10_000,
    };
    await askAdmin(this.sandboxes, '/hr/push', order);
  }

  /** Records that HR still has to deliver, and those that were refused for good. */
  async undelivered(): Promise<{ waiting: number; refused: number }> {
    const { waiting, refused } = await askAdmin<{ waiting: unknown[]; refused: unknown[] }>(this.sandboxes, '/hr/outbox');
    return { waiting: waiting.length, refused: refused.length };
  }

  async #change(key: string, title: string): Promise<void> {
    const { adminUrl } = this.sandboxes.addresses;
    const answer = await fetch(new URL(`/hr/workers/${key}`, adminUrl), {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title }),
    });
    if (!answer.ok) throw new Error(`the HR system answered ${answer.status} to a change of ${key}`);
    await answer.body?.cancel();
  }
}
