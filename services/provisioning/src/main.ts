import { runService } from '@muster/service-kit';
import { provisioning } from './module.ts';

await runService(provisioning);
