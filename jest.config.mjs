import { readFileSync } from 'node:fs';

const swc = { ...JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8')), swcrc: false };

/** One project per kind of suite; `npm test` names the kinds it runs (see test/run-suites.mjs). */
const suite = (displayName, testMatch, extra = {}) => ({
  displayName,
  rootDir: import.meta.dirname,
  testMatch,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@muster/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  modulePathIgnorePatterns: ['/dist/'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/', ...(extra.ignore ?? [])],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
});

const code = '{libs,services,deploy/*,test/*}';

export default {
  projects: [
    suite('unit', [`<rootDir>/${code}/**/*.spec.ts`], {
      ignore: ['\\.int\\.spec\\.ts$', '\\.kafka\\.spec\\.ts$', '\\.docker\\.spec\\.ts$'],
    }),
    suite('int', [`<rootDir>/${code}/**/*.int.spec.ts`]),
    suite('kafka', [`<rootDir>/${code}/**/*.kafka.spec.ts`]),
    suite('docker', [`<rootDir>/${code}/**/*.docker.spec.ts`]),
    suite('e2e', ['<rootDir>/test/e2e/src/**/*.e2e.ts']),
  ],
};
