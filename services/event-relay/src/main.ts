import { runService } from '@muster/service-kit';
import { eventRelay } from './module.ts';

await runService(eventRelay);
