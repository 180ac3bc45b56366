import { record, Refused, type AdminHandler, type AdminRequest } from '../kit/admin.ts';
import type { Kit } from '../kit/kit.ts';
import { HrRefusal, HrSystem } from './hr-system.ts';
import { push, type PushOrder, type PushTarget } from './push.ts';
import { scimOf, type WorkerVersion } from './worker.ts';

const RETRY_MS = 5000;

/**
 * Starts the HR system: people work in it through the kit's admin server, under /hr. It pushes on demand (POST /hr/push) or after each change
 * (POST /hr/subscription), and keeps trying until the target has taken a record. Keeps its state in DATA/hr.sqlite.
 */
export function startHr(kit: Kit): HrSystem {
  const hr = new HrSystem(kit, kit.openState('hr'));
  const route = (method: string, path: string, handler: AdminHandler): void => void kit.admin.route(method, path, guarded(handler));
  const key = ({ params }: AdminRequest): string => params['key'] ?? '';
  route('GET', '/hr/workers', () => ({ workers: [...hr.workers.values()] }));
  route('POST', '/hr/workers', ({ body }) => shown(hr.hire(record(body))));
  route('GET', '/hr/workers/:key', (request) => shown(hr.find(key(request))));
  route('PATCH', '/hr/workers/:key', (request) => shown(hr.change(key(request), record(request.body))));
  route('POST', '/hr/workers/:key/terminate', (request) => {
    const date = record(request.body ?? {})['leaveDate'];
    return shown(typeof date === 'string' ? hr.terminate(key(request), date) : hr.terminate(key(request)));
  });
  route('POST', '/hr/workers/:key/rescind', (request) => shown(hr.rescind(key(request))));
  route('GET', '/hr/outbox', () => ({ waiting: [...hr.outbox.values()], refused: hr.refusals }));
  route('POST', '/hr/push', ({ body }) => push(hr, targetOf(record(body)) as PushOrder));
  const subscription = new Subscription(hr);
  route('POST', '/hr/subscription', ({ body }) => subscription.set(targetOf(record(body))));
  route('DELETE', '/hr/subscription', () => subscription.set(undefined));
  kit.onClose(() => subscription.close());
  kit.stateReaders.set('hr', () => ({ workers: [...hr.workers.values()], waiting: [...hr.outbox.values()] }));
  return hr;
}

const shown = (worker: WorkerVersion): object => ({ ...worker, scim: scimOf(worker) });

function targetOf(body: Record<string, unknown>): PushTarget {
  const { target, token } = body;
  if (typeof target !== 'string' || !URL.canParse(target) || typeof token !== 'string')
    throw new Refused(400, 'target (URL) and token are needed');
  return { ...body, target, token };
}

/** Refusals of the HR system as admin answers. */
const guarded =
  (handler: AdminHandler): AdminHandler =>
  async (request) => {
    try {
      return await handler(request);
    } catch (error) {
      throw error instanceof HrRefusal ? new Refused(error.status, error.message) : error;
    }
  };

/** Pushes what waits soon after each change, one push at a time, again after a while as long as something waits. */
class Subscription {
  #target: PushTarget | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  constructor(readonly hr: HrSystem) {
    hr.onChange = () => this.#plan(20);
  }

  set(target: PushTarget | undefined): object {
    this.#target = target;
    this.#plan(0);
    return { waiting: this.hr.outbox.size };
  }

  close(): void {
    this.#target = undefined;
    clearTimeout(this.#timer);
  }

  #plan(inMs: number): void {
    if (!this.#target || this.#running) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), inMs);
    this.#timer.unref();
  }

  async #run(): Promise<void> {
    const target = this.#target;
    if (!target || this.#running || this.hr.outbox.size === 0) return;
    this.#running = true;
    let again = RETRY_MS;
    try {
      const { accepted, refused } = await push(this.hr, target);
      if (accepted + refused > 0) again = 20;
    } catch (error) {
      console.error('sandbox hr: push failed:', error);
    } finally {
      this.#running = false;
    }
    if (this.hr.outbox.size > 0) this.#plan(this.hr.kit.clock.scale(again));
  }
}
