export { azureAdIngestion } from './module.ts';
