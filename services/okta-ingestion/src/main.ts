import { runService } from '@muster/service-kit';
import { oktaIngestion } from './module.ts';

await runService(oktaIngestion);
