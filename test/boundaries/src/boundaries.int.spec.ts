import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CopiedTree, type Violation } from './copied-tree.ts';

/** An import that nobody may write: who breaks which rules, and by what line. */
interface Forbidden {
  readonly title: string;
  readonly file: string;
  readonly line: string;
  readonly rules: readonly string[];
}

const forbidden: readonly Forbidden[] = [
  {
    title: 'the contracts the core',
    file: 'libs/contracts/src/x.ts',
    line: `import { planCategory } from '@muster/identity';`,
    rules: ['contracts-know-nobody'],
  },
  {
    title: 'the core a platform lib',
    file: 'libs/identity/src/x1.ts',
    line: `import { EventStore } from '@muster/event-store';`,
    rules: ['core-knows-contracts-only'],
  },
  {
    title: 'the core a platform lib, even for a type',
    file: 'libs/flow/src/x1.ts',
    line: `import type { Claimed } from '@muster/work';`,
    rules: ['core-knows-contracts-only'],
  },
  {
    title: 'the core a platform lib, by a way around its front door',
    file: 'libs/identity/src/x2.ts',
    line: `import { createLogger } from '../../service-kit/src/logger.ts';`,
    rules: ['core-knows-contracts-only'],
  },
  {
    title: 'the core a service',
    file: 'libs/identity/src/x3.ts',
    line: `import { reconciliation } from '@muster/reconciliation';`,
    rules: ['core-knows-contracts-only'],
  },
  {
    title: 'the core the file system',
    file: 'libs/flow/src/x2.ts',
    line: `import { readFileSync } from 'node:fs';`,
    rules: ['core-has-no-io'],
  },
  {
    title: 'a platform lib a connector',
    file: 'libs/work/src/x1.ts',
    line: `import { openOkta } from '@muster/connector-okta';`,
    rules: ['platform-knows-no-vendor'],
  },
  {
    title: 'a platform lib a service',
    file: 'libs/effects/src/x1.ts',
    line: `import { provisioning } from '@muster/provisioning';`,
    rules: ['platform-knows-no-vendor'],
  },
  {
    title: 'a connector a service',
    file: 'libs/connector-okta/src/x1.ts',
    line: `import { oktaIngestion } from '@muster/okta-ingestion';`,
    rules: ['connectors-know-no-service'],
  },
  {
    title: 'a connector another connector',
    file: 'libs/connector-entra/src/x1.ts',
    line: `import { openOkta } from '@muster/connector-okta';`,
    rules: ['connectors-know-not-each-other'],
  },
  {
    title: 'a service another service',
    file: 'services/reconciliation/src/x1.ts',
    line: `import { provisioning } from '@muster/provisioning';`,
    rules: ['services-talk-over-topics'],
  },
  {
    title: 'a service another service, for a type and by a way around its front door',
    file: 'services/console/src/x1.ts',
    line: `import type { Sending } from '../../provisioning/src/sending.ts';`,
    rules: ['services-talk-over-topics'],
  },
  {
    title: 'a service the launcher',
    file: 'services/console/src/x2.ts',
    line: `import { startProduct } from '@muster/local';`,
    rules: ['services-know-no-deployment'],
  },
  {
    title: 'the command line the platform',
    file: 'libs/cli/src/x1.ts',
    line: `import { EventStore } from '@muster/event-store';`,
    rules: ['cli-knows-contracts-and-http'],
  },
  {
    title: 'the command line the core',
    file: 'libs/cli/src/x2.ts',
    line: `import { planCategory } from '@muster/identity';`,
    rules: ['cli-knows-contracts-and-http'],
  },
  {
    title: 'the sandbox anything of ours, not even a contract',
    file: 'test/sandbox/src/x1.ts',
    line: `import { streamOf } from '@muster/contracts';`,
    rules: ['sandbox-shares-nothing'],
  },
  {
    title: 'the product a test',
    file: 'services/event-relay/src/x1.ts',
    line: `import * as sandbox from '@muster/sandbox';`,
    rules: ['services-know-no-deployment', 'product-knows-no-test'],
  },
  {
    title: "a service a vendor's SDK",
    file: 'services/provisioning/src/x1.ts',
    line: `import okta from '@okta/okta-sdk-nodejs';`,
    rules: ['vendor-sdks-stay-in-their-connector'],
  },
  {
    title: 'a service the client of the event store',
    file: 'services/provisioning/src/x2.ts',
    line: `import streams from '@eventstore/db-client/generated/streams_pb.js';`,
    rules: ['store-client-stays-in-event-store'],
  },
  {
    title: 'a service the client of Kafka',
    file: 'services/provisioning/src/x3.ts',
    line: `import { Kafka } from 'kafkajs';`,
    rules: ['kafka-client-stays-in-messaging'],
  },
  {
    title: 'anybody a file that is not there',
    file: 'libs/work/src/x2.ts',
    line: `import { nothing } from './nowhere.ts';`,
    rules: ['no-unresolvable'],
  },
  {
    title: 'two files each other',
    file: 'libs/work/src/x3.ts',
    line: `import './x4.ts';`,
    rules: ['no-cycles'],
  },
  {
    title: 'a service the front door of the client of the event store',
    file: 'services/provisioning/src/x4.ts',
    line: `import { EventStoreDBClient } from '@eventstore/db-client';`,
    rules: ['store-client-stays-in-event-store'],
  },
  {
    title: "a service Entra's sign-in",
    file: 'services/provisioning/src/x5.ts',
    line: `import { ClientSecretCredential } from '@azure/identity';`,
    rules: ['vendor-sdks-stay-in-their-connector'],
  },
];

const tree = new CopiedTree();
let violations: Violation[];

beforeAll(() => {
  for (const { file, line } of forbidden) tree.write(file, `${line}\n`);
  tree.write('libs/work/src/x4.ts', `import './x3.ts';\n`);
  violations = tree.violations();
}, 90_000);
afterAll(() => tree.remove());

const brokenBy = (file: string): string[] => violations.filter((one) => one.file === file).map(({ rule }) => rule);

describe('the boundaries let not import', () => {
  it.each(forbidden)('$title', ({ file, rules }) => {
    expect(brokenBy(file).toSorted()).toEqual(rules.toSorted());
  });
});

describe('the boundaries', () => {
  it('find nothing to say about the code as it is', () => {
    const ours = new Set(forbidden.map(({ file }) => file));
    expect(violations.filter(({ file }) => !ours.has(file))).toEqual([]);
  });

  it('have no rule of which nobody has seen that it bites', () => {
    const seen = new Set(forbidden.flatMap(({ rules }) => rules));
    expect(tree.rules().filter((rule) => !seen.has(rule))).toEqual([]);
  });
});
