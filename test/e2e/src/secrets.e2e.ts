import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { kafkaOf, readTopics } from './running/kafka-topics.ts';
import { ProductUnderTest, removeFolder, temporaryFolder, until } from './running/product-under-test.ts';
import { readRawStore } from './running/raw-store.ts';

const INTERNAL = ['muster.source.events.v1', 'muster.provisioning.commands.v1', 'muster.provisioning.events.v1'];
const PUBLIC = ['muster.identity.events.v1', 'muster.identity.state.v1'];
const JWT = /eyJ[\w-]{20,}\.[\w-]{20,}\.[\w-]{20,}/;

const folder = temporaryFolder();
let product: ProductUnderTest;
let person: string;

beforeAll(async () => {
  product = await ProductUnderTest.start(folder, { transport: 'kafka' });
  await product.seed();
  person = (await product.hire()).employeeNumber;
}, 280_000);

afterAll(async () => {
  await product?.stop();
  removeFolder(folder);
}, 60_000);

const broker = () => kafkaOf(product.started.environment['MUSTER_KAFKA'] ?? '');
const lines = (texts: readonly string[]): string => texts.join('\n');

/** Each credential of the installation is random and stands in one place: a canary. */
function canaries(): Record<string, string> {
  const { okta, entra } = product.started.addresses;
  const key = readFileSync(okta.oauth['muster']?.privateKeyFile ?? '', 'utf8').split('\n');
  return {
    'operator token': product.token,
    'internal token': product.read('internal-token'),
    'HR token': product.read('hr-token'),
    'Entra client secret': entra.clients['muster']?.clientSecret ?? '',
    'Okta private key': key[Math.floor(key.length / 2)] ?? '',
    'Okta API token': okta.tokens['muster'] ?? '',
    'master key': readFileSync(join(folder, 'master-key'), 'utf8').trim(),
    'database password': new URL(product.started.environment['MUSTER_DATABASE'] ?? '').password,
  };
}

/** Names of what was found in a text. */
const found = (text: string, needles: Readonly<Record<string, string>>): string[] => [
  ...Object.entries(needles)
    .filter(([, needle]) => text.includes(needle))
    .map(([name]) => name),
  ...(JWT.test(text) ? [`an access token (${JWT.exec(text)?.[0].slice(0, 24)}...)`] : []),
];

/** Personal data of the hire; the control is that the public topics do show it. */
const PERSONAL = { 'given name': 'Zoë', 'family name': 'Öztürk', 'family name, escaped': '\\u00d6zt', street: 'Dorotheenstr' };

const logs = (): string =>
  lines(
    readdirSync(folder)
      .filter((name) => name.endsWith('.log') && name !== 'sandbox.log')
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );
const rawEvents = async (): Promise<string> =>
  lines((await readRawStore(product.started.environment['MUSTER_STORE'] ?? '')).map(({ stream, text }) => `${stream} ${text}`));
const topics = async (names: readonly string[]): Promise<string> =>
  lines(
    (await readTopics(broker(), `canary-${randomUUID()}`, names)).map(
      ({ key, headers, value }) => `${key} ${JSON.stringify(headers)} ${value}`,
    ),
  );

/** Every row of every table, as text. */
async function rows(): Promise<string> {
  const client = new pg.Client({ connectionString: product.started.environment['MUSTER_DATABASE'] });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
       where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
    );
    const all: string[] = [];
    for (const { name } of tables.rows) {
      const { rows: found } = await client.query<{ row: string }>(`select t::text as row from ${name} t`);
      all.push(...found.map(({ row }) => row));
    }
    return lines(all);
  } finally {
    await client.end();
  }
}

/** What operators are answered, refusals included. */
async function answers(): Promise<string> {
  const today = new Date().toISOString();
  const paths = [
    `timeline/${person}`,
    `as-of/${person}?date=${today}`,
    `explain/${person}/title`,
    `plan/${person}`,
    'cases',
    'dead-letters',
    'status',
  ];
  const good = await Promise.all(paths.map(async (path) => JSON.stringify(await product.api(`/api/${path}`))));
  const refused = await product.api('/api/timeline/nobody').catch((error: unknown) => (error as Error).message);
  const metrics = await fetch(new URL('/metrics', product.started.consoleUrl));
  return lines([...good, String(refused), await metrics.text()]);
}

describe('secrets', () => {
  it.each([
    ['logs', async () => logs()],
    ['events as they are stored', rawEvents],
    ['rows', rows],
    ['answers', answers],
    ['topics', () => topics([...INTERNAL, ...PUBLIC])],
  ])(
    'I15: are in no %s',
    async (_where, read) => {
      const text = await read();
      expect(text.length).toBeGreaterThan(100);
      expect(found(text, canaries())).toEqual([]);
    },
    60_000,
  );

  it('would be found: the search sees each of them in the files that hold them', () => {
    const held = lines(
      ['token', 'internal-token', 'hr-token', 'entra-secret', 'master-key'].map((name) => readFileSync(join(folder, name), 'utf8')),
    );
    expect(found(held, canaries())).toEqual(
      expect.arrayContaining(['operator token', 'internal token', 'HR token', 'Entra client secret', 'master key']),
    );
  });
});

describe('personal data', () => {
  it.each([
    ['logs', async () => logs()],
    ['events as they are stored', rawEvents],
    ['internal topics', () => topics(INTERNAL)],
  ])(
    'is not readable in %s',
    async (_where, read) => {
      expect(found(await read(), { ...PERSONAL, ...(await personalIds()) })).toEqual([]);
    },
    60_000,
  );

  it('is plain in the public topics', async () => {
    expect(found(await topics(PUBLIC), PERSONAL)).toEqual(expect.arrayContaining(['given name', 'family name']));
  }, 60_000);
});

async function personalIds(): Promise<Record<string, string>> {
  const user = await product.view<{ profile: { login: string } }>('oktaUser', person);
  const login = user?.profile.login ?? '';
  expect(login).toMatch(/@/);
  return { login, 'login, local part': login.split('@')[0] ?? '' };
}

describe('poison on a topic', () => {
  it('I11: stops nobody else; each piece is a dead letter that the command line shows and offers to send again', async () => {
    const kafka = broker();
    const producer = kafka.producer();
    await producer.connect();
    const [good] = await readTopics(kafka, `sample-${randomUUID()}`, ['muster.source.events.v1']);
    const headers = { ...good?.headers };
    await producer.send({
      topic: 'muster.source.events.v1',
      messages: [
        { key: 'poison-json', value: '{"half', headers },
        { key: 'poison-bare', value: 'no headers at all' },
        {
          key: 'poison-huge',
          value: 'x'.repeat(900_000),
          headers: { ...headers, ce_subject: 'worker-hr-main.huge', ce_sequence: '0', ce_id: randomUUID() },
        },
        {
          key: 'poison-unknown',
          value: '{}',
          headers: { ...headers, ce_subject: 'worker-hr-main.unknown', ce_sequence: '0', ce_id: randomUUID(), ce_type: 'NobodyKnows' },
        },
      ],
    });
    await producer.disconnect();

    const { employeeNumber } = await product.hire();
    expect(employeeNumber).not.toBe(person);

    const letters = await until('dead letters', async () => {
      const { deadLetters } = await listed();
      const ours = deadLetters.filter(({ service }) => service === 'reconciliation');
      return ours.length >= 2 ? ours : undefined;
    });
    expect(letters.every(({ code, message }) => code.length > 0 && message.length > 0)).toBe(true);
    const [letter] = letters;
    const shown = await product.muster('dead-letters', 'show', letter?.id ?? '');
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining(letter?.id ?? '?') });
    const retried = await product.muster('dead-letters', 'retry', letter?.id ?? '');
    expect([0, 2]).toContain(retried.code);
    expect((await product.muster('status')).code).toBe(0);
  }, 200_000);
});

async function listed(): Promise<{ deadLetters: { id: string; service: string; code: string; message: string; reference: string }[] }> {
  const { code, stdout } = await product.muster('--json', 'dead-letters');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof listed>>;
}
