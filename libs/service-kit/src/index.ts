export { EnvironmentReader, SettingsError } from './environment.ts';
export { type Dependency } from './health.ts';
export { bearerToken, sameSecret } from './internal-guard.ts';
export { createLogger } from './logger.ts';
export { openPlatform, type Platform } from './platform.ts';
export { ProblemError } from './problem-filter.ts';
export { runService } from './run-service.ts';
export { SERVICE, startService, type RunningService, type Service, type ServiceContext } from './service.ts';
export { readSettings, type Settings } from './settings.ts';
