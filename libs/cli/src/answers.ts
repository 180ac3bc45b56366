/** The console's answers as the CLI prints them. Every one says up to which position of the store it is true. */
export interface UpTo {
  position: string;
  recordedAt: string | null;
}

export interface Person {
  identityId: string;
  employeeNumber?: string;
  displayName?: string;
}

export interface TimelineAnswer {
  upTo: UpTo;
  person: Person;
  entries: {
    recordedAt: string;
    occurredAt: string;
    stream: string;
    revision: number;
    eventId: string;
    type: string;
    summary: string;
    correlationId: string;
    causationId?: string;
    /** What caused it, if that is recorded here. */
    cause?: { type: string; stream: string; revision: number };
  }[];
  /** True: older entries were left out. */
  cut: boolean;
}

export interface AsOfAnswer {
  upTo: UpTo;
  person: Person;
  asOf: string;
  knownAt: string;
  lifecycle: string;
  login?: string;
  attributes: Record<string, unknown>;
  accounts: {
    connection: string;
    accountId: string;
    status: string;
    enabled: boolean;
    profile: Record<string, unknown>;
    entitlements: { kind: string; id: string; name?: string; how?: string; through?: string[]; since?: string }[];
  }[];
  /** What must be known to read the answer rightly. With a connection: what is not shown of it is unknown, not absent. */
  notes: { connection?: string; note: string }[];
}

export interface ExplainAnswer {
  /** Of a group or app that is not held: why not. */
  absences?: {
    connection: string;
    object: string;
    reasons: { reason: string; text: string; stream?: string; revision?: number; eventId?: string }[];
  }[];
  upTo: UpTo;
  person: Person;
  subject: string;
  chains: {
    /** `identity`: the decided value itself. */
    connection: string;
    value: unknown;
    links: { what: string; text: string; stream: string; revision: number; eventId: string; at: string }[];
  }[];
}

export interface PlanAnswer {
  upTo: UpTo;
  person: Person;
  commands: { connection: string; action: string; what: string; before?: unknown; after?: unknown; held?: boolean; notBefore?: string }[];
  blocked: { connection: string; what: string; reason: string; message: string }[];
  held: { code: string; message: string }[];
}

export interface CasesAnswer {
  upTo: UpTo;
  cases: {
    caseId: string;
    kind: string;
    openedAt: string;
    message: string;
    remedy: string;
    answers: { answer: string; meaning: string }[];
  }[];
}

export interface DeadLettersAnswer {
  deadLetters: {
    id: string;
    service: string;
    at: string;
    reference: string;
    code: string;
    message: string;
    remedy?: string;
    attempts: number;
  }[];
}

export interface CausesAnswer {
  causes: { service: string; code: string; count: number; oldest: string; newest: string; remedy?: string }[];
}

export interface StatusAnswer {
  upTo: UpTo;
  services: { name: string; ready: boolean; because?: string }[];
  connections: {
    connection: string;
    kind: string;
    state: string;
    lastCompleteRead: string | null;
    lastRead: string | null;
    note?: string;
  }[];
  /** How changes of each connection are heard of. */
  hooks?: {
    connection: string;
    hearsBy: string;
    hooks: { of: string; state: string; because: string | null }[];
    heard: number;
    missed: number;
  }[];
  /** Connections whose work waits after failures. */
  quarantined?: {
    service: string;
    connection: string;
    state: string;
    until: string;
    failures: number;
    fault: { code: string; message: string; remedy?: string };
  }[];
  /** By connection: people whose changes wait, and how long the limits let that take. */
  sending?: Record<string, { queued: Record<string, number>; inFlight: number; donePerMinute: number; restMs: number }>;
  counts: Record<string, number>;
}
