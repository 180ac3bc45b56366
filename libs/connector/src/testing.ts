export { connectorSuite } from './conformance/connector-suite.ts';
export type { ConnectorUnderTest, JournalLine, SandboxControls, TargetFault } from './conformance/sandbox-controls.ts';
