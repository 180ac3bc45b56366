export { reconciliation } from './module.ts';
