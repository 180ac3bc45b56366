import { runService } from '@muster/service-kit';
import { azureAdIngestion } from './module.ts';

await runService(azureAdIngestion);
