import { guid } from '../kit/random.ts';
import type { Answer, Call } from './call.ts';
import type { Json } from './errors.ts';

import type { Sku, Tenant } from './tenant.ts';

/** `subscribedSkus`: what was bought and how many units are in use. */
export function listSubscribedSkus(tenant: Tenant, call: Call): Answer {
  const used = new Map<string, number>();
  for (const [, properties] of tenant.directory.liveObjects()) {
    for (const licence of (properties['assignedLicenses'] ?? []) as { skuId: string }[]) {
      used.set(licence.skuId, (used.get(licence.skuId) ?? 0) + 1);
    }
  }
  const value = tenant.settings.skus.map((sku) => describe(tenant, sku, used.get(sku.skuId) ?? 0));
  return { status: 200, body: { '@odata.context': `${call.root}/$metadata#subscribedSkus`, value } };
}

function describe(tenant: Tenant, sku: Sku, consumed: number): Json {
  const { tenantId, displayName } = tenant.settings;
  return {
    id: `${tenantId}_${sku.skuId}`,
    accountId: tenantId,
    accountName: displayName,
    appliesTo: 'User',
    capabilityStatus: 'Enabled',
    consumedUnits: consumed,
    skuId: sku.skuId,
    skuPartNumber: sku.skuPartNumber,
    subscriptionIds: [guid(`${tenantId}/subscription/${sku.skuId}`)],
    prepaidUnits: { enabled: sku.enabled, suspended: 0, warning: 0, lockedOut: 0 },
    servicePlans: [],
  };
}

export function listOrganizations(tenant: Tenant, call: Call): Answer {
  const { tenantId, displayName, domains } = tenant.settings;
  const verifiedDomains = domains.map((name, index) => ({
    name,
    isDefault: index === 0,
    isInitial: index === 0,
    type: 'Managed',
    capabilities: '',
  }));
  const value = [{ id: tenantId, displayName, tenantType: 'AAD', verifiedDomains }];
  return { status: 200, body: { '@odata.context': `${call.root}/$metadata#organization`, value } };
}
