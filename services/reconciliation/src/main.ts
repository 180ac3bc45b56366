import { runService } from '@muster/service-kit';
import { reconciliation } from './module.ts';

await runService(reconciliation);
