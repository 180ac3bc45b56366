import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProductUnderTest, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';

const HELD = 4;
const folder = temporaryFolder();
let product: ProductUnderTest;

beforeAll(async () => {
  product = await ProductUnderTest.start(folder);
  await product.seed();
}, 180_000);

afterAll(async () => {
  await product?.stop();
  removeFolder(folder);
}, 60_000);

interface Holds {
  runs: { runId: string; planHash: string; people: number; counts: { connection: string; limit: string; people: number }[] }[];
}

describe('somebody who leaves', () => {
  it('loses groups in both directories, and is turned off once a person has approved it by hash', async () => {
    const { employeeNumber, oktaId, entraId } = await product.hire();
    const groups = () => product.view<string[]>('oktaGroups', oktaId);
    expect((await groups())?.length).toBeGreaterThan(1);
    await product.admin(`/hr/workers/${employeeNumber}/terminate`, {});
    const target = { target: `${product.started.consoleUrl}/scim/v2/hr-main/Bulk`, token: product.read('hr-token') };
    await product.admin('/hr/push', { ...target, ids: [employeeNumber], versions: 'all' });

    // Everyone is a group of Okta's own, which nobody takes away.
    await until('the groups are gone in Okta', async () => (await groups())?.every((name) => name === 'Everyone'), 90_000);
    await until('the groups are gone in Entra', async () => (await product.view<object[]>('entraGroups', entraId))?.length === 0, 90_000);
    expect(await product.view('oktaUser', employeeNumber)).toMatchObject({ status: 'ACTIVE' });

    const shown = await until('the disable is held', async () => {
      const { code, stdout } = await product.muster('--json', 'holds');
      return code === HELD ? (JSON.parse(stdout) as Holds) : undefined;
    });
    for (const { runId, planHash, people } of shown.runs) {
      expect(people).toBe(1);
      expect(await product.muster('approve', runId, '--hash', planHash.replaceAll(/./g, '0'))).toMatchObject({ code: 2 });
      expect(await product.muster('approve', runId, '--hash', planHash, '--person', employeeNumber)).toMatchObject({ code: 0 });
    }
    await until('the Okta user is turned off', async () => {
      const user = await product.view<{ status: string }>('oktaUser', employeeNumber);
      return user?.status === 'DEPROVISIONED' || user?.status === 'SUSPENDED';
    });
    await until('the Entra user is turned off', async () => {
      const user = await product.view<{ accountEnabled: boolean }>('entraUser', employeeNumber);
      return user?.accountEnabled === false;
    });
    expect(await product.muster('holds')).toMatchObject({ code: 0 });
  }, 240_000);
});
