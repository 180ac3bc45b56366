export { connectorSuite } from './conformance/connector-suite.ts';
export type { ConnectorUnderTest, JournalLine, SandboxControls, TargetFault } from './conformance/sandbox-controls.ts';
export { sandboxControls, startSandbox } from './conformance/sandbox-process.ts';
export type { SandboxAddresses, SandboxProcess, VendorControls } from './conformance/sandbox-process.ts';
