import { openPlatform } from './platform.ts';
import { type RunningService, startService } from './service.ts';
import type { Service } from './service-context.ts';
import { readSettings } from './settings.ts';

/**
 * Runs one service as a process of its own, with settings from the environment. Prints one line of JSON when it is ready; ends in order on
 * SIGTERM and SIGINT. What keeps it from starting is printed in words, with exit code 1.
 */
export async function runService(given: Service | (() => Service)): Promise<void> {
  let running: RunningService;
  let close: () => Promise<void>;
  let name = 'the service';
  try {
    const service = typeof given === 'function' ? given() : given;
    name = service.name;
    const platform = await openPlatform(readSettings(process.env));
    running = await startService(service, platform);
    close = async () => {
      await running.close();
      await platform.close();
    };
  } catch (error) {
    process.stderr.write(`${name} cannot start: ${(error as Error).message}\n`);
    process.exit(1);
  }
  const stop = (): void => void close().finally(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  process.stdout.write(`${JSON.stringify({ ready: running.name, url: running.url, pid: process.pid })}\n`);
}
