import { runService } from '@muster/service-kit';
import { auditProjection } from './module.ts';

await runService(auditProjection);
