// Certificates in use and when they end.
import { useState } from "preact/hooks";
import { get } from "../api/client";
import { Certificate, CertificateState, CertificateUse } from "../api/types";
import { date, list, plural } from "../format";
import { usePoll } from "../live/poll";
import { pageOf, usesByRole } from "../live/search";
import { toConnection } from "../route";
import { Choice, Pager, Pill, Search, Title, Tone, When } from "../ui/parts";
import { Empty, Loading, Trouble } from "../ui/states";

const size = 50;

const stateNames: Record<CertificateState, string> = { valid: "Valid", expiring: "Ends soon", expired: "Expired", future: "Not valid yet" };
const stateTones: Record<CertificateState, Tone> = { valid: "good", expiring: "warn", expired: "bad", future: "bad" };

export function CertificatesPage() {
  const [word, setWord] = useState("");
  const [state, setState] = useState<CertificateState | "all">("all");
  const [page, setPage] = useState(0);
  const answer = usePoll("certificates", () => get<Certificate[]>("certificates"));
  const found = answer.data?.filter((c) => matches(c, word, state)) ?? [];
  const part = pageOf(found, page, size);
  const troubled = answer.data?.filter((c) => c.state !== "valid" || c.revocation === "revoked").length ?? 0;
  const states: [CertificateState | "all", string][] = [["all", "Every state"], ...(Object.entries(stateNames) as [CertificateState, string][])];
  return (
    <>
      <Title>Certificates</Title>
      {answer.data && answer.data.length > 0 && (
        <>
          <p class="aside">
            {plural(answer.data.length, "certificate")} in use, the one that ends first at the head. {troubled > 0 ? `${troubled === 1 ? "One needs" : `${troubled} need`} somebody.` : "None needs anybody."}
          </p>
          <div class="filters">
            <Search label="Find by name, issuer or connection" value={word} change={(w) => (setWord(w), setPage(0))} />
            <Choice label="State" value={state} options={states} change={(s) => (setState(s), setPage(0))} />
          </div>
        </>
      )}
      {answer.problem && !answer.data ? (
        <Trouble problem={answer.problem} again={answer.again} />
      ) : !answer.data ? (
        <Loading what="certificates" />
      ) : found.length === 0 ? (
        <Empty icon="certificates" title={answer.data.length === 0 ? "There are no certificates" : "No certificate matches"}>
          {answer.data.length === 0 && "No connection shows or trusts one."}
        </Empty>
      ) : (
        <Table rows={part.items} />
      )}
      <Pager what="certificates" page={part.page} size={size} total={found.length} turn={setPage} />
    </>
  );
}

function matches(c: Certificate, word: string, state: CertificateState | "all"): boolean {
  const part = word.trim().toLowerCase();
  const texts = [c.subject, c.issuer, c.serial, c.fingerprint, ...c.names, ...c.uses.flatMap((u) => [u.connection ?? "", u.path ?? ""])];
  return (state === "all" || c.state === state) && (part === "" || texts.some((s) => s.toLowerCase().includes(part)));
}

function Table({ rows }: { rows: Certificate[] }) {
  return (
    <table class="list" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Certificate</th>
          <th role="columnheader">State</th>
          <th role="columnheader">Ends</th>
          <th role="columnheader">Used as</th>
          <th role="columnheader">Issuer and key</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((c) => (
          <tr role="row" key={c.fingerprint}>
            <td role="cell" class="name">
              <b>{c.subject || c.names[0]}</b>
              <small>{list(c.names)}</small>
            </td>
            <td role="cell">
              <Pill tone={stateTones[c.state]}>{stateNames[c.state]}</Pill>
              {c.revocation !== "unknown" && <small>{c.revocation === "good" ? "not revoked" : <Pill tone="bad">Revoked</Pill>}</small>}
            </td>
            <td role="cell" data-label="Ends">
              <When time={c.not_after} />
              <small>{date(c.not_after)}</small>
              <Life c={c} />
            </td>
            <td role="cell" data-label="Used as">
              <Uses list={c.uses} />
            </td>
            <td role="cell" data-label="Issuer">
              {c.issuer === c.subject ? "itself" : c.issuer}
              <small>
                {c.key}, serial {c.serial.slice(0, 16)}
                {c.serial.length > 16 ? "…" : ""}
              </small>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** How much of its life is left. */
function Life({ c }: { c: Certificate }) {
  const whole = Date.parse(c.not_after) - Date.parse(c.not_before);
  const left = Math.min(1, Math.max(0, (c.days_left * 86_400_000) / whole));
  return <meter class="meter thin" min={0} max={1} low={0.1} high={0.25} optimum={1} value={left} aria-label={`Left of the life of ${c.subject}`} />;
}

const roleNames: Record<CertificateUse["role"], string> = {
  own: "ours",
  ca: "trusted",
  intermediate: "intermediate",
  pinned: "the peer has to show it",
  peer: "the peer has shown it",
  api: "of the management interface",
};

const shownConnections = 4;

function Uses({ list: uses }: { list: CertificateUse[] }) {
  return (
    <>
      {usesByRole(uses).map(({ role, connections, paths, hasKey }) => (
        <div key={role}>
          {roleNames[role]}
          {hasKey && ", with its key"}
          <small>
            {connections.slice(0, shownConnections).map((name, i) => (
              <span key={name}>
                {i > 0 && ", "}
                <a href={toConnection(name)}>{name}</a>
              </span>
            ))}
            {connections.length > shownConnections && ` and ${connections.length - shownConnections} more`}
            {connections.length > 0 && paths.length > 0 && " · "}
            {paths.join(", ")}
          </small>
        </div>
      ))}
    </>
  );
}
