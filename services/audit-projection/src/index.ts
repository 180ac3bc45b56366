export { auditProjection } from './module.ts';
