export { eventRelay } from './module.ts';
