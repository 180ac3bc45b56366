export { hrIngestion } from './module.ts';
