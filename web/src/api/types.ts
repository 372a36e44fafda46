// What the management interface answers with, as far as the page shows it. docs/openapi.json describes the whole of it.

/** A failure as it is shown to people. */
export interface Problem {
  code: string;
  title?: string;
  detail: string;
  action?: string;
  status?: number;
}

export type Role = "nobody" | "read" | "operate" | "administer";

export interface Caller {
  name: string;
  role: Role;
}

export interface Warning {
  code: string;
  text: string;
  action?: string;
}

export interface Traffic {
  bytes: number;
  packets: number;
  last_use?: string;
}

export type ConnectionState = "idle" | "listening" | "trapped" | "connecting" | "waiting" | "up";

/** A configured connection in one line. */
export interface Connection {
  name: string;
  state: ConnectionState;
  source?: string;
  remote: string[];
  children: string[];
  attempts?: number;
  next_attempt?: string;
  last_failure?: Problem;
  sa_count: number;
  child_count: number;
  resistant_count: number;
  since?: string;
  in: Traffic;
  out: Traffic;
}

export interface Process {
  pid: number;
  heap: number;
  goroutines: number;
}

/** Everything but the SAs at one moment. */
export interface Overview {
  time: string;
  version: string;
  started: string;
  loaded: string;
  config: string;
  listening: string[];
  dataplane: string;
  dataplane_reason?: string;
  connections: Connection[];
  unknown_sas: number;
  warnings?: Warning[];
  counters: Record<string, number> | null;
  process: Process;
}

export interface Endpoint {
  address: string;
  id?: string;
  nat: boolean;
  auth?: string[];
  ike_id?: string;
}

export interface Quantum {
  ike: boolean;
  children: boolean;
  means: string[];
}

export interface MTU {
  effective: number;
  path: number;
  source: string;
}

export interface Child {
  name: string;
  state: "installed" | "rekeying" | "rekeyed" | "deleting";
  mode: string;
  encapsulation: string;
  in_spi: string;
  out_spi: string;
  resource?: number;
  suite: string;
  key_exchanges: string[];
  ppk?: string;
  local: string[];
  remote: string[];
  created: string;
  rekey?: string;
  expire?: string;
  mtu?: MTU;
  in: Traffic;
  out: Traffic;
}

export type SAState = "connecting" | "authenticating" | "established" | "rekeyed" | "closing";

export interface SA {
  connection: string;
  state: SAState;
  initiator: boolean;
  spi: string;
  peer_spi: string;
  transport: string;
  local: Endpoint;
  remote: Endpoint;
  user?: string;
  groups?: string[];
  suite?: string;
  quantum_resistance?: Quantum;
  created: string;
  established?: string;
  rekey?: string;
  reauth?: string;
  virtual_ips?: string[];
  leases?: string[];
  dns?: string[];
  children: Child[];
}

export interface Lease {
  address: string;
  identity: string;
  online: boolean;
  static?: boolean;
  since: string;
}

export interface Pool {
  name: string;
  size: string;
  online: number;
  offline: number;
  leases: Lease[];
}

export type Outcome = "running" | "up" | "failed" | "closed";

export interface TraceSummary {
  id: string;
  connection?: string;
  peer?: string;
  local: string;
  remote: string;
  sa?: string;
  initiator: boolean;
  started: string;
  ended?: string;
  outcome: Outcome;
  failure?: Problem;
  message_count: number;
  forgotten?: number;
}

export interface TraceField {
  name: string;
  value?: string;
  fields?: TraceField[];
}

export interface TracePayload {
  type: string;
  summary?: string;
  fields?: TraceField[];
}

export interface TraceMessage {
  time: string;
  direction: "sent" | "received";
  exchange: string;
  response: boolean;
  message_id: number;
  sa?: string;
  size: number;
  fragments?: number;
  repeated?: number;
  rtt?: number;
  dropped?: string;
  payloads: TracePayload[];
}

export interface TraceMark {
  time: string;
  after: number;
  kind: string;
  text: string;
  problem?: Problem;
}

export interface Trace extends TraceSummary {
  messages: TraceMessage[];
  marks: TraceMark[];
}

export interface Explanation {
  trace?: string;
  connection?: string;
  peer?: string;
  code?: string;
  title: string;
  text: string;
  refused?: "us" | "peer";
  cause?: string;
  action?: string;
  ours?: string[];
  theirs?: string[];
  differs?: string;
  steps?: string[];
}

export interface DaemonEvent {
  seq: number;
  time: string;
  kind: string;
  connection?: string;
  child?: string;
  sa?: string;
  peer?: string;
  text: string;
  problem?: Problem;
}

export type Level = "DEBUG" | "INFO" | "WARN" | "ERROR";

export interface LogEntry {
  seq: number;
  time: string;
  level: Level;
  text: string;
  attrs?: Record<string, string>;
}

/** What a command is about. */
export interface Target {
  connection: string;
  child?: string;
  sa?: string;
}

export interface Reloaded {
  added: string[];
  removed: string[];
  changed: string[];
  restart?: string[];
  warnings?: Warning[];
}

export type CertificateState = "valid" | "expiring" | "expired" | "future";

export interface CertificateUse {
  role: "own" | "ca" | "intermediate" | "pinned" | "peer" | "api";
  connection?: string;
  sa?: string;
  path?: string;
  has_key: boolean;
}

export interface Certificate {
  subject: string;
  issuer: string;
  names: string[];
  serial: string;
  fingerprint: string;
  key: string;
  ca: boolean;
  not_before: string;
  not_after: string;
  days_left: number;
  state: CertificateState;
  revocation: "good" | "revoked" | "unknown";
  uses: CertificateUse[];
}
