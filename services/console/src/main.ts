import { runService } from '@muster/service-kit';
import { readConsoleConfig } from './config.ts';
import { consoleService } from './module.ts';

await runService(() => consoleService(readConsoleConfig(process.env)));
