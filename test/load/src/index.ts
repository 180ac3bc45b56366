export { benchEventNode } from './bench-event-node.ts';
export { benchHire } from './bench-hire.ts';
