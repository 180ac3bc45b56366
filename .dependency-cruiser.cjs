const CORE = '^libs/(identity|flow)/';
const PLATFORM = '^libs/(event-store|event-node|messaging|read-store|work|effects|ingestion|connector|service-kit)/';
const CONNECTOR = '^libs/connector-[a-z-]+/';
const SERVICE = '^services/';
const DEPLOY = '^deploy/';
const TEST = '^test/';
const SPECS = '\\.(spec|e2e)\\.ts$';
const OURS = '^(libs|services|deploy|test)/';

/** Dependencies run one way: contracts <- core <- platform <- connector <- service <- deploy. Everything else is refused. */
const mayNot = (name, from, to, comment) => ({ name, severity: 'error', comment, from: { path: from, pathNot: SPECS }, to: { path: to } });
const anyOf = (...paths) => paths.join('|');

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'contracts-know-nobody',
      severity: 'error',
      from: { path: '^libs/contracts/' },
      to: { path: OURS, pathNot: '^libs/contracts/' },
    },
    mayNot('core-knows-contracts-only', CORE, anyOf(PLATFORM, CONNECTOR, SERVICE, DEPLOY, TEST, '^libs/cli/')),
    { name: 'core-has-no-io', severity: 'error', from: { path: CORE, pathNot: [SPECS] }, to: { dependencyTypes: ['core'] } },
    mayNot('platform-knows-no-vendor', PLATFORM, anyOf(CONNECTOR, SERVICE, DEPLOY, TEST, '^libs/cli/')),
    mayNot('connectors-know-no-service', CONNECTOR, anyOf(SERVICE, DEPLOY, TEST, '^libs/cli/')),
    {
      name: 'connectors-know-not-each-other',
      severity: 'error',
      from: { path: '^libs/connector-([a-z-]+)/' },
      to: { path: '^libs/connector-[a-z-]+/', pathNot: '^libs/connector-$1/' },
    },
    {
      name: 'services-talk-over-topics',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    mayNot('services-know-no-deployment', SERVICE, anyOf(DEPLOY, TEST, '^libs/cli/')),
    {
      name: 'cli-knows-contracts-and-http',
      severity: 'error',
      from: { path: '^libs/cli/' },
      to: { path: OURS, pathNot: '^libs/(cli|contracts)/' },
    },
    { name: 'sandbox-shares-nothing', severity: 'error', from: { path: '^test/sandbox/' }, to: { path: OURS, pathNot: '^test/sandbox/' } },
    mayNot('product-knows-no-test', '^(libs|services)/', TEST),
    {
      name: 'vendor-sdks-stay-in-their-connector',
      severity: 'error',
      from: { path: OURS, pathNot: ['^libs/connector-(okta|entra)/', '^test/'] },
      to: { path: 'node_modules/(@okta|@microsoft|@azure)/' },
    },
    {
      name: 'store-client-stays-in-event-store',
      severity: 'error',
      from: { path: OURS, pathNot: ['^libs/event-(store|node)/', '^test/'] },
      to: { path: 'node_modules/@eventstore/' },
    },
    {
      name: 'kafka-client-stays-in-messaging',
      severity: 'error',
      from: { path: OURS, pathNot: ['^libs/messaging/', '^services/event-relay/', '^deploy/kafka-local/', '^test/', SPECS] },
      to: { path: 'node_modules/kafkajs/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(libs|services|deploy|test)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['@muster/source', 'import', 'require', 'node', 'default'] },
  },
};
