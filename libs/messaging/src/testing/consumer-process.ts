import { keySubject, personalFields } from '@muster/contracts';
import { EventStore } from '@muster/event-store';
import { PgKeyRing } from '@muster/read-store';
import { startRecordingConsumer } from './recording-consumer.ts';

/** The recording consumer as a process of its own, to be killed. Settings come as one JSON argument; says `ready` once it consumes. */
export interface ProcessSettings {
  name: string;
  databaseUrl: string;
  masterKeyFile: string;
  storeUrl: string;
  brokers?: string[];
  sessionTimeoutMs?: number;
  slowness?: number;
}

const { masterKeyFile, storeUrl, ...settings } = JSON.parse(process.argv[2] ?? '{}') as ProcessSettings;
const keyRing = await PgKeyRing.open({ url: settings.databaseUrl, masterKeyFile });
const store = EventStore.connect({ connectionString: storeUrl, keyRing, privacy: { personalFields, keySubject } });
const consumer = await startRecordingConsumer({ ...settings, store });
process.stdout.write('ready\n');
process.once('SIGTERM', () => {
  void consumer
    .stop()
    .then(() => store.close())
    .then(() => process.exit(0));
});
