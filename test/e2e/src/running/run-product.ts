import { DataFolder, hireAndWatch, Parts, type Product, seedCompany, startProduct, VendorViews } from '@muster/local';
import type { Asked, Order } from './orders.ts';

/**
 * The whole product as one child of a test: in this process on the embedded transport, in processes of its own on Kafka. Takes orders from its
 * parent, and ends when the parent says so or is gone.
 */
const [folder = '', transport = 'embedded', timeFactor = '20', workers = '12'] = process.argv.slice(2);
const size = { workers: Number(workers) };
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const data = DataFolder.open(folder);
const parts = new Parts(log);
let stopping: Promise<void> | undefined;

function stop(code: number): Promise<void> {
  stopping ??= parts.stop().then(() => process.exit(code));
  return stopping;
}
process.on('disconnect', () => void stop(0));
process.on('SIGTERM', () => void stop(0));

async function obey(order: Order, { consoleUrl, sandboxes }: Product): Promise<unknown> {
  if (!sandboxes) throw new Error('there are no sandboxes');
  const console = { url: consoleUrl, token: data.token('token') };
  switch (order.order) {
    case 'seed':
      await seedCompany({ sandboxes, console, hrToken: data.token('hr-token'), size, say: log });
      return data.seeded();
    case 'hire':
      return hireAndWatch({ sandboxes, console, onStep: ({ step, afterMs }) => log(`${afterMs} ms  ${step}`) });
    case 'view': {
      const views = new VendorViews(sandboxes.addresses);
      const look = views[order.view] as (about: string) => Promise<unknown>;
      return look.call(views, order.about);
    }
  }
}

try {
  const product = await startProduct(
    parts,
    data,
    {
      command: 'start',
      transport: transport === 'kafka' ? 'kafka' : 'embedded',
      data: folder,
      config: undefined,
      json: true,
      timeFactor: Number(timeFactor),
    },
    size,
  );
  const { consoleUrl, environment, sandboxes } = product;
  process.on('message', ({ id, order }: Asked) => {
    obey(order, product).then(
      (result) => process.send?.({ id, result: result ?? null }),
      (error: unknown) => process.send?.({ id, error: (error as Error).message }),
    );
  });
  process.send?.({ id: 0, result: { consoleUrl, environment, addresses: sandboxes?.addresses } });
} catch (error) {
  process.send?.({ id: 0, error: (error as Error).message });
  await stop(1);
}
