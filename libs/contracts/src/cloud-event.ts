/** What the store keeps beside an event's data, in clear. `schema` is the `$id` of the schema of the data. */
export interface EventMetadata {
  correlationId: string;
  causationId?: string;
  /** RFC 3339: when it is true, by the source's own clock. */
  occurredAt: string;
  schema: string;
  actor: string;
}

/** The part of a recorded event that its headers are made of. */
export interface EnvelopedEvent {
  id: string;
  type: string;
  stream: string;
  revision: number;
  position: string;
  recordedAt: string;
  metadata: Pick<EventMetadata, 'correlationId' | 'causationId' | 'occurredAt' | 'schema'>;
}

/** A message's headers, taken apart. `version` is the one of the schema that the data was written under. */
export interface Envelope {
  id: string;
  type: string;
  stream: string;
  revision: number;
  position: string;
  occurredAt: string;
  recordedAt: string;
  correlationId: string;
  causationId?: string;
  schema: string;
  version: number;
  source: string;
  traceparent?: string;
}

/** Thrown by `fromHeaders` for a message that is none of ours; `problems` names each header and what was expected. */
export class InvalidEnvelope extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`Not a CloudEvent of Muster: ${problems.join('; ')}`);
    this.name = 'InvalidEnvelope';
    this.problems = problems;
  }
}

export type HeaderValue = Buffer | string | (Buffer | string)[] | undefined;

const SCHEMA_ID = /^muster:([a-z]+)\/[a-z0-9-]+\.v([1-9][0-9]*)$/;
const POSITION = /^[0-9]{1,20}$/;

/** The area and version that a schema id names (`muster:source/worker-recorded.v1` gives `source` and 1); undefined for anything else. */
export const parseSchemaId = (schema: string): { area: string; version: number } | undefined => {
  const found = SCHEMA_ID.exec(schema);
  return found ? { area: found[1] as string, version: Number(found[2]) } : undefined;
};

/**
 * Headers of CloudEvents 1.0 in Kafka's binary mode: the attributes as `ce_*`, the data alone as the value.
 *
 * `ce_type` is `muster.<area>.<EventType>.v<N>`, area and N those of the schema; `ce_subject` is the stream, `ce_sequence` its revision and
 * `ce_position` the store's commit position, both decimal; `ce_time` is when it was true, `ce_recordedtime` when the store took it.
 * `ce_source` tells installations apart, default `/muster`. `ce_causationid` and `traceparent` are left out when there is none.
 * The same event gives the same headers each time. Throws TypeError if the metadata names no schema of ours.
 */
export const toHeaders = (event: EnvelopedEvent, options: { source?: string; traceparent?: string } = {}): Record<string, string> => {
  const { metadata } = event;
  const schema = parseSchemaId(metadata.schema);
  if (!schema) throw new TypeError(`Event ${event.id} names the schema "${metadata.schema}", expected muster:<area>/<name>.v<N>`);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: options.source ?? '/muster',
    ce_type: `muster.${schema.area}.${event.type}.v${schema.version}`,
    ce_subject: event.stream,
    ce_time: metadata.occurredAt,
    ce_dataschema: metadata.schema,
    ce_sequence: String(event.revision),
    ce_position: event.position,
    ce_recordedtime: event.recordedAt,
    ce_correlationid: metadata.correlationId,
  };
  if (metadata.causationId !== undefined) headers['ce_causationid'] = metadata.causationId;
  if (options.traceparent !== undefined) headers['traceparent'] = options.traceparent;
  return headers;
};

const text = (value: HeaderValue): string | undefined => {
  const first = Array.isArray(value) ? value[0] : value;
  return first === undefined ? undefined : first.toString();
};

const required = [
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
] as const;

type Required = Record<(typeof required)[number], string>;

const readRequired = (headers: Record<string, HeaderValue>, problems: string[]): Required => {
  const values = {} as Required;
  for (const name of required) {
    const value = text(headers[name]);
    if (value) values[name] = value;
    else problems.push(`${name} is missing`);
  }
  return values;
};

const readNumbers = (values: Required, problems: string[]): { revision: number } => {
  const revision = Number(values.ce_sequence);
  if (!Number.isSafeInteger(revision) || revision < 0) problems.push(`ce_sequence "${values.ce_sequence}" is not a revision`);
  if (!POSITION.test(values.ce_position)) problems.push(`ce_position "${values.ce_position}" is not a position`);
  return { revision };
};

const readType = (values: Required, problems: string[]): { type: string; version: number } => {
  const schema = parseSchemaId(values.ce_dataschema);
  if (!schema) {
    problems.push(`ce_dataschema "${values.ce_dataschema}" is not a schema of Muster`);
    return { type: '', version: 0 };
  }
  const before = `muster.${schema.area}.`;
  const after = `.v${schema.version}`;
  const type = values.ce_type.slice(before.length, -after.length);
  if (type === '' || values.ce_type !== `${before}${type}${after}`)
    problems.push(`ce_type "${values.ce_type}" does not fit ce_dataschema "${values.ce_dataschema}"`);
  return { type, version: schema.version };
};

const optional = (headers: Record<string, HeaderValue>): Pick<Envelope, 'causationId' | 'traceparent'> => {
  const causationId = text(headers['ce_causationid']);
  const traceparent = text(headers['traceparent']);
  return { ...(causationId ? { causationId } : {}), ...(traceparent ? { traceparent } : {}) };
};

/** Reads what `toHeaders` wrote. Unknown headers are ignored. Throws InvalidEnvelope naming every header that is missing or wrong. */
export const fromHeaders = (headers: Record<string, HeaderValue>): Envelope => {
  const problems: string[] = [];
  const specversion = text(headers['ce_specversion']);
  if (specversion !== '1.0') problems.push(`ce_specversion is ${specversion ?? 'missing'}, expected 1.0`);
  const values = readRequired(headers, problems);
  if (problems.length > 0) throw new InvalidEnvelope(problems);
  const { revision } = readNumbers(values, problems);
  const { type, version } = readType(values, problems);
  if (problems.length > 0) throw new InvalidEnvelope(problems);
  return {
    id: values.ce_id,
    type,
    stream: values.ce_subject,
    revision,
    position: values.ce_position,
    occurredAt: values.ce_time,
    recordedAt: values.ce_recordedtime,
    correlationId: values.ce_correlationid,
    schema: values.ce_dataschema,
    version,
    source: values.ce_source,
    ...optional(headers),
  };
};
