export { oktaIngestion } from './module.ts';
