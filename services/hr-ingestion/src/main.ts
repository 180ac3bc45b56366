import { runService } from '@muster/service-kit';
import { hrIngestion } from './module.ts';

await runService(hrIngestion);
