import assert from "node:assert/strict";
import test from "node:test";
import { CertificateUse, Connection, ConnectionState, LogEntry } from "../api/types";
import { countStandings, foundConnections, foundLines, lineText, pageOf, standingOf, usesByRole } from "./search";

const connection = (name: string, state: ConnectionState, failed = false): Connection => ({
  name, state, remote: ["192.0.2.1"], children: ["net"], sa_count: 0, child_count: 0, resistant_count: 0, in: { bytes: 0, packets: 0 }, out: { bytes: 0, packets: 0 },
  ...(failed && { last_failure: { code: "X", detail: "" } }),
});

test("a connection that has failed and is up does not fail", () => {
  const all: [ConnectionState, boolean][] = [["up", true], ["waiting", true], ["waiting", false], ["connecting", false], ["trapped", false], ["listening", false], ["idle", false], ["idle", true]];
  assert.deepEqual(all.map(([s, f]) => standingOf(connection("a", s, f))), ["up", "failing", "trying", "trying", "ready", "ready", "off", "failing"]);
});

const list = [connection("office", "up"), connection("cloud", "waiting", true), connection("Lab", "idle")];

test("connections are found by any of their names, those that fail first", () => {
  const names = (word: string, standing?: "up") => foundConnections(list, word, standing).map((c) => c.name);
  assert.deepEqual([names(""), names(" LAB "), names("192.0"), names("net", "up"), names("nobody")], [["cloud", "office", "Lab"], ["Lab"], ["cloud", "office", "Lab"], ["office"], []]);
  assert.deepEqual(countStandings(list), { up: 1, failing: 1, trying: 0, ready: 0, off: 1 });
  assert.equal(list[0]!.name, "office");
});

const lines: LogEntry[] = [
  { seq: 1, time: "", level: "DEBUG", text: "sent", attrs: { connection: "office" } },
  { seq: 2, time: "", level: "WARN", text: "refused", attrs: { connection: "cloud", code: "IKE-NO-PROPOSAL" } },
  { seq: 3, time: "", level: "ERROR", text: "no route" },
];

test("lines are found by level, connection and word of text or attribute", () => {
  const found = (level: LogEntry["level"], connection: string, word: string) => foundLines(lines, { level, connection, word }).map((l) => l.seq);
  assert.deepEqual([found("DEBUG", "", ""), found("INFO", "", ""), found("DEBUG", "office", ""), found("DEBUG", "", "code=ike-no"), found("ERROR", "cloud", "")], [[1, 2, 3], [2, 3], [1], [2], []]);
  assert.equal(lineText(lines[1]!), "refused connection=cloud code=IKE-NO-PROPOSAL");
});

test("pages end where the list does", () => {
  const ten = Array.from({ length: 10 }, (_, i) => i);
  assert.deepEqual([pageOf(ten, 0, 4), pageOf(ten, 2, 4), pageOf(ten, 9, 4), pageOf([], 3, 4)], [
    { items: [0, 1, 2, 3], pages: 3, page: 0 },
    { items: [8, 9], pages: 3, page: 2 },
    { items: [8, 9], pages: 3, page: 2 },
    { items: [], pages: 1, page: 0 },
  ]);
});

test("a certificate that many connections use is told once for each role", () => {
  const use = (role: CertificateUse["role"], connection: string, has_key = false): CertificateUse => ({ role, connection, path: "ca.pem", has_key });
  assert.deepEqual(usesByRole([use("ca", "a"), use("ca", "b"), use("ca", "b"), use("own", "a", true)]), [
    { role: "ca", connections: ["a", "b"], paths: ["ca.pem"], hasKey: false },
    { role: "own", connections: ["a"], paths: ["ca.pem"], hasKey: true },
  ]);
});
