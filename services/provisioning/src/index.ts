export { provisioning } from './module.ts';
