import { afterAll, afterEach, beforeAll, describe } from '@jest/globals';
import { Bench } from './bench.ts';
import { readingTests } from './reading-tests.ts';
import type { ConnectorUnderTest } from './sandbox-controls.ts';
import { writingTests } from './writing-tests.ts';

/**
 * What every connector must pass, against a target that can be told to misbehave. Each test proves that the fault it is about has fired.
 * `open` starts the target; it is closed at the end.
 */
export const connectorSuite = (name: string, open: () => Promise<ConnectorUnderTest>): void => {
  describe(`the connector to ${name}`, () => {
    const bench = new Bench();

    beforeAll(() => bench.open(open), 60_000);
    afterEach(() => bench.tidy());
    afterAll(() => bench.close());

    readingTests(bench);
    writingTests(bench);
  });
};
