import { beforeAll, describe, expect, it } from '@jest/globals';
import { Parser, type AsyncAPIDocumentInterface, type Diagnostic } from '@asyncapi/parser';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue, toHeaders, topicMap, topicOfSubscriber, topics } from './index.ts';

const file = join(import.meta.dirname, '../../../contracts/asyncapi/muster.asyncapi.yaml');
const WARNING = 1;

describe('the AsyncAPI document', () => {
  let document: AsyncAPIDocumentInterface;
  let diagnostics: Diagnostic[];

  beforeAll(async () => {
    const parsed = await new Parser().parse(readFileSync(file, 'utf8'));
    diagnostics = parsed.diagnostics;
    document = parsed.document as AsyncAPIDocumentInterface;
  }, 30_000);

  it('is valid, without errors and warnings', () => {
    expect(diagnostics.filter(({ severity }) => severity <= WARNING).map(({ path, message }) => `${path.join('.')}: ${message}`)).toEqual(
      [],
    );
    expect(document.version()).toBe('3.0.0');
  });

  it('has one channel for each topic, and one beside each public topic for subscribers that may not see everything', () => {
    const addresses = document
      .channels()
      .all()
      .map((channel) => channel.address());
    const beside = topics
      .filter((topic) => topic.public)
      .map((topic) => topicOfSubscriber(topic, 'x').name.replace('.x.', '.{subscriber}.'));
    expect(addresses).toEqual([...topics.map(({ name }) => name), ...beside]);
  });

  it('describes every event that travels', () => {
    const described = new Set(
      document
        .messages()
        .all()
        .map((message) => message.title()),
    );
    const travelling = [...catalogue.values()].filter(({ streams }) =>
      topics.some((topic) => streams.some((category) => (topic.categories as readonly string[]).includes(category))),
    );
    expect(travelling.filter(({ type }) => !described.has(type))).toEqual([]);
    expect(described).toContain('IdentityState');
  });

  it('shows personal fields as ciphertext on internal topics and in clear on public ones', () => {
    const fields = (title: string) =>
      Object.keys(
        document
          .messages()
          .all()
          .find((message) => message.title() === title)
          ?.payload()
          ?.properties() ?? {},
      );
    expect(fields('WorkerRecorded')).toContain('$personal');
    expect(fields('WorkerRecorded')).not.toContain('record');
    expect(fields('IdentityAttributesChanged')).toContain('attributes');
    expect(fields('IdentityAttributesChanged')).not.toContain('$personal');
    expect(topicMap.identityEvents.payload).toBe('plain');
  });

  it('marks personal fields on the topics of a subscriber, and promises none of them', () => {
    const filtered = document
      .messages()
      .all()
      .filter((message) => message.id()?.endsWith('-filtered'))
      .map((message) => {
        const personal = Object.entries(message.payload()?.properties() ?? {}).filter(
          ([, field]) => field.extensions().get('x-personal')?.value() === true,
        );
        const required = message.payload()?.required() ?? [];
        return [message.title(), personal.map(([name]) => name), personal.filter(([name]) => required.includes(name))];
      });
    expect(filtered).toEqual([
      ['IdentityAttributesChanged', ['attributes', 'losing'], []],
      ['LoginAssigned', ['login'], []],
      ['IdentityState', ['attributes', 'login'], []],
    ]);
  });

  it('names exactly the headers that are sent', () => {
    const metadata = {
      correlationId: 'c',
      causationId: 'e',
      occurredAt: '2026-03-02T08:15:05Z',
      schema: 'muster:source/worker-recorded.v1',
    };
    const sent = toHeaders(
      { id: 'i', type: 'WorkerRecorded', stream: 'worker-hr.x', revision: 0, position: '1', recordedAt: '2026-03-02T08:15:05Z', metadata },
      { traceparent: 't' },
    );
    const described = document.messages().all()[0]?.headers()?.properties() ?? {};
    expect(Object.keys(described).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(Object.keys(sent).toSorted((a, b) => (a < b ? -1 : 1)));
  });

  it('leaves room for fields that a later schema of the same version adds', () => {
    const payload = document
      .messages()
      .all()
      .find((message) => message.title() === 'IdentityState')
      ?.payload();
    expect(payload?.additionalProperties()).not.toBe(false);
  });
});
