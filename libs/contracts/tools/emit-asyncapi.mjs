import { stringify } from 'yaml';
import { topics } from '../src/topics.ts';
import { mapRefs } from './schemas.mjs';

const KEYS = {
  stream: 'The name of the stream.',
  identity: 'The id of the identity; for a run, ticket or task its own id.',
};

/** What the store and the internal topics hold: personal fields are moved into one ciphertext. */
const PERSONAL = {
  type: 'object',
  description:
    'The personal fields of the data, encrypted together (AES-256-GCM, bound to stream and type). Without the key they stay unreadable.',
  properties: {
    k: { type: 'string', description: 'id of the key' },
    v: { type: 'string', contentEncoding: 'base64', description: 'iv, tag and ciphertext' },
  },
  required: ['k', 'v'],
  additionalProperties: false,
};

const header = (description, extra = {}) => ({ type: 'string', description, ...extra });

const HEADERS = {
  type: 'object',
  description: 'CloudEvents 1.0 in Kafka binary mode. Every header is a UTF-8 string.',
  properties: {
    'content-type': header('media type of the value', { const: 'application/json' }),
    ce_specversion: header('version of CloudEvents', { const: '1.0' }),
    ce_id: header('id of the event; the same event has the same id each time it is delivered'),
    ce_source: header('the installation that recorded the event', { format: 'uri-reference' }),
    ce_type: header('muster.<area>.<EventType>.v<N>'),
    ce_subject: header('the stream'),
    ce_time: header('when it is true, by the clock of its source', { format: 'date-time' }),
    ce_dataschema: header('$id of the schema of the data'),
    ce_sequence: header('revision of the stream: rises by one from 0, so a lower one was seen before and a gap shows a loss', {
      pattern: '^[0-9]+$',
    }),
    ce_position: header('commit position in the store: rises over all streams, with gaps', { pattern: '^[0-9]+$' }),
    ce_recordedtime: header('when the store took it', { format: 'date-time' }),
    ce_correlationid: header('the flow of things that it belongs to'),
    ce_causationid: header('the event that caused it'),
    traceparent: header('W3C trace context'),
  },
  required: [
    'content-type',
    'ce_specversion',
    'ce_id',
    'ce_source',
    'ce_type',
    'ce_subject',
    'ce_time',
    'ce_dataschema',
    'ce_sequence',
    'ce_position',
    'ce_recordedtime',
    'ce_correlationid',
  ],
};

const kebab = (name) => name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase();

const storedForm = (schema, personal) => ({
  ...schema,
  properties: {
    ...Object.fromEntries(Object.entries(schema.properties).filter(([name]) => !personal.includes(name))),
    $personal: PERSONAL,
  },
  required: (schema.required ?? []).filter((name) => !personal.includes(name)),
});

/** A mark beside a `$ref` would be passed over. */
const marked = (property) => ({ ...(property.$ref ? { allOf: [property] } : property), 'x-personal': true });

/** What a subscriber with topics of its own gets: each personal field only as far as it was granted. */
const filteredForm = (schema, personal) => ({
  ...schema,
  properties: Object.fromEntries(
    Object.entries(schema.properties).map(([name, property]) => [name, personal.includes(name) ? marked(property) : property]),
  ),
  required: (schema.required ?? []).filter((name) => !personal.includes(name)),
});

/** Subscribers must take fields that a later schema of the version adds, so the closed objects of the producer stand open here. */
const opened = (node) => {
  if (Array.isArray(node)) return node.map(opened);
  if (node === null || typeof node !== 'object') return node;
  return Object.fromEntries(
    Object.entries(node).flatMap(([key, value]) => (key === 'additionalProperties' && value === false ? [] : [[key, opened(value)]])),
  );
};

const asIs = (schema) => schema;
const forms = { '': asIs, Stored: storedForm, Filtered: filteredForm };

const componentSchema = ({ schema, id, personal }, names, form) => {
  const { $id: _id, $schema: _schema, ...rest } = opened(mapRefs(schema, (ref) => `#/components/schemas/${names.get(ref)}`));
  return { ...forms[form](rest, personal), 'x-schema-id': id };
};

/** The schemas that a topic carries: all versions of its categories' events, or the state that is folded. */
const carried = (topic, schemas) =>
  topic.foldOf
    ? schemas.filter(({ kind, title }) => kind === 'message' && title.toLowerCase() === `${topic.foldOf}state`)
    : schemas.filter(({ kind, streams }) => kind === 'event' && streams.some((stream) => topic.categories.includes(stream)));

/** A state has the personal fields of the events that it is folded from. */
const personalOf = (schema, topic, schemas) =>
  topic.foldOf ? schemas.filter(({ streams }) => streams.includes(topic.foldOf)).flatMap(({ personal }) => personal) : schema.personal;

/** A topic as a channel, and what travels on it. */
const carrierOf = (topic, schemas) => {
  const own = topic.payload === 'stored' ? 'Stored' : '';
  return { topic, messages: carried(topic, schemas).map((schema) => ({ ...schema, form: schema.personal.length > 0 ? own : '' })) };
};

const PREFIX = 'muster.';
const SUBSCRIBER = {
  parameters: { subscriber: { description: 'The name of the subscriber in the connection file.' } },
  description:
    ' For one subscriber alone: personal fields (`x-personal`) that it was not granted are absent, of attributes those that were granted are left, and only these are named.',
};

/** What stands beside a public topic for each subscriber that may not see everything. */
const filteredCarrier = ({ topic, messages }, schemas) => ({
  topic: {
    ...topic,
    name: `${PREFIX}subscriber.{subscriber}.${topic.name.slice(PREFIX.length)}`,
    description: `${topic.description}${SUBSCRIBER.description}`,
    parameters: SUBSCRIBER.parameters,
  },
  messages: messages.map((schema) => {
    const personal = personalOf(schema, topic, schemas);
    return { ...schema, personal, form: personal.length > 0 ? 'Filtered' : '' };
  }),
});

const componentName = (schema) => `${schema.typeName}${schema.form}`;
const messageName = (schema) => kebab(schema.form === 'Filtered' ? componentName(schema) : schema.typeName);

const messageOf = (schema, topic) => ({
  name: `muster.${schema.area}.${schema.title}.v${schema.version}`,
  title: schema.title,
  summary: schema.schema.description,
  contentType: 'application/json',
  headers: { $ref: '#/components/schemas/Headers' },
  payload: { $ref: `#/components/schemas/${componentName(schema)}` },
  bindings: { kafka: { key: { type: 'string', description: KEYS[topic.key] }, bindingVersion: '0.5.0' } },
});

const channelOf = (topic, messages) => ({
  address: topic.name,
  description: topic.description,
  ...(topic.parameters ? { parameters: topic.parameters } : {}),
  messages: Object.fromEntries(messages.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
  bindings: {
    kafka: {
      ...(topic.parameters ? {} : { topic: topic.name }),
      partitions: topic.partitions,
      topicConfiguration: {
        'cleanup.policy': [topic.cleanup],
        ...(topic.retentionMs === undefined ? {} : { 'retention.ms': topic.retentionMs }),
      },
      bindingVersion: '0.5.0',
    },
  },
  'x-public': topic.public,
});

const channelName = (topic) =>
  topic.name
    .replace(/^muster\./, '')
    .replace('{subscriber}.', '')
    .replace(/\.v\d+$/, '')
    .replaceAll(/\.(\w)/g, (_, letter) => letter.toUpperCase());

/** Every schema that these lean on, themselves included. */
const closure = (roots, schemas) => {
  const byId = new Map(schemas.map((schema) => [schema.id, schema]));
  const found = new Map();
  const add = (schema) => {
    if (found.has(schema.id)) return;
    found.set(schema.id, schema);
    mapRefs(schema.schema, (ref) => {
      add(byId.get(ref));
      return ref;
    });
  };
  for (const root of roots) add(root);
  return found;
};

const emptyTopics = (carriers) => carriers.filter(({ messages }) => messages.length === 0).map(({ topic }) => topic.name);

const collect = (schemas) => {
  const names = new Map(schemas.map(({ id, typeName }) => [id, typeName]));
  const own = topics.map((topic) => carrierOf(topic, schemas));
  const carriers = [...own, ...own.filter(({ topic }) => topic.public).map((carrier) => filteredCarrier(carrier, schemas))];
  const missing = emptyTopics(carriers);
  if (missing.length > 0) throw new Error(`No schema describes what travels on ${missing.join(', ')}`);
  const messages = {};
  const components = { Headers: HEADERS };
  for (const { topic, messages: carriedHere } of carriers) {
    for (const schema of carriedHere) {
      messages[messageName(schema)] = messageOf(schema, topic);
      components[componentName(schema)] = componentSchema(schema, names, schema.form);
    }
  }
  for (const part of closure(
    carriers.flatMap((carrier) => carrier.messages),
    schemas,
  ).values()) {
    if (part.kind === 'shape') components[part.typeName] = componentSchema(part, names, '');
  }
  return { carriers, messages, components };
};

const sorted = (record) => Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** The AsyncAPI 3 document: one channel for each topic of the topic map. Self-contained: schemas are taken in under the names of their types. */
export const emitAsyncApi = (schemas) => {
  const { carriers, messages, components } = collect(schemas);
  const document = {
    asyncapi: '3.0.0',
    id: 'urn:muster:events',
    info: {
      title: 'Muster events',
      version: '1.0.0',
      description:
        'What Muster publishes. Topics marked `x-public: true` are for subscribers; the others are internal and carry personal fields as ciphertext. ' +
        'A subscriber that may not see every personal field is given topics of its own, `muster.subscriber.<name>.*`; they are the only ones that it may read. ' +
        'Delivery is at least once and in order for each key; keep the last `ce_sequence` of each `ce_subject` and drop what is not higher. ' +
        'Inside a version only optional fields are added: ignore fields that you do not know.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(carriers.map(({ topic, messages: own }) => [channelName(topic), channelOf(topic, own.map(messageName))])),
    operations: Object.fromEntries(
      carriers.map(({ topic }) => [
        `publish${channelName(topic).replace(/^./, (letter) => letter.toUpperCase())}`,
        { action: 'send', channel: { $ref: `#/channels/${channelName(topic)}` }, summary: topic.description },
      ]),
    ),
    components: { messages: sorted(messages), schemas: sorted(components) },
  };
  return `# Generated by \`npm run generate\` from contracts/schemas and the topic map. Do not edit.\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, singleQuote: true })}`;
};
