// One IKE SA with its children.
import { Child, Endpoint, SA } from "../api/types";
import { useDaemon } from "../daemon";
import { bytes, count, list } from "../format";
import { useAct } from "./actions";
import { childActions, Command, saActions } from "./commands";
import { Facts, Pill, Tone, When } from "./parts";
import { quantumText } from "./resistance";

const tones: Record<SA["state"], Tone> = { established: "good", connecting: "warn", authenticating: "warn", rekeyed: "calm", closing: "warn" };

export function SACard({ sa, open }: { sa: SA; open: boolean }) {
  const { operates } = useDaemon();
  return (
    <details class="card sa" open={open}>
      <summary>
        <span class="sa-peer">{sa.user || sa.remote.id || "not authenticated yet"}</span>
        <span class="sa-address">{sa.remote.address}</span>
        <Pill tone={tones[sa.state]}>{sa.state}</Pill>
        {sa.quantum_resistance?.ike && sa.quantum_resistance.children && (
          <Pill tone="good" icon="shield">
            Quantum-resistant
          </Pill>
        )}
        <span class="sa-since">{sa.established && <>up <When time={sa.established} /></>}</span>
      </summary>
      <Facts list={saFacts(sa)} />
      {operates && <Buttons commands={saActions(sa)} />}
      {sa.children.map((c) => (
        <ChildCard key={c.in_spi} sa={sa} c={c} />
      ))}
    </details>
  );
}

function saFacts(sa: SA): Parameters<typeof Facts>[0]["list"] {
  return [
    ["We are", endpoint(sa.local)],
    ["The peer is", endpoint(sa.remote)],
    ["User", sa.user && sa.user + (sa.groups?.length ? ` (${sa.groups.join(", ")})` : "")],
    ["Connected by", sa.initiator ? "us" : "the peer"],
    ["Algorithms", sa.suite && <code>{sa.suite}</code>],
    ["Quantum resistance", quantumText(sa.quantum_resistance)],
    ["Next rekey", sa.rekey && <When time={sa.rekey} />],
    ["Next authentication", sa.reauth && <When time={sa.reauth} />],
    ["Addresses we got", sa.virtual_ips?.join(", ")],
    ["Addresses we gave", sa.leases?.join(", ")],
    ["DNS", sa.dns?.join(", ")],
    ["SPIs", <code>{`${sa.spi} / ${sa.peer_spi}`}</code>],
    ["Carried by", sa.transport === "tcp" && "TCP"],
  ];
}

function endpoint(e: Endpoint): string {
  const parts = [e.id && e.address, e.nat && "behind a NAT", e.auth && e.auth.length > 0 && `proven by ${list(e.auth)}`, e.ike_id && `called itself ${e.ike_id}`];
  const more = parts.filter(Boolean).join(", ");
  return (e.id || e.address) + (more ? ` (${more})` : "");
}

function ChildCard({ sa, c }: { sa: SA; c: Child }) {
  const { operates } = useDaemon();
  return (
    <div class="child">
      <div class="child-head">
        <h3>
          {c.name}
          {c.resource ? <small> worker {c.resource}</small> : null}
        </h3>
        {c.state !== "installed" && <Pill tone="warn">{c.state}</Pill>}
        <span class="selectors">
          {c.local.join(", ")} <span aria-label="to">⇄</span> {c.remote.join(", ")}
        </span>
      </div>
      <Facts list={childFacts(c)} />
      {operates && <Buttons commands={childActions(sa, c)} />}
    </div>
  );
}

function childFacts(c: Child): Parameters<typeof Facts>[0]["list"] {
  const encapsulation: Record<string, string> = { udp: "ESP in UDP", esp: "ESP", tcp: "ESP in TCP" };
  return [
    ["In", traffic(c.in)],
    ["Out", traffic(c.out)],
    ["Algorithms", <code>{c.suite}</code>],
    ["Keys from", c.key_exchanges.length > 0 ? c.key_exchanges.join(", ") : "those of the IKE SA"],
    ["Post-quantum preshared key", c.ppk],
    ["Next rekey", c.rekey && <When time={c.rekey} />],
    ["Ends at the latest", c.expire && <When time={c.expire} />],
    ["Mode", `${c.mode}, ${encapsulation[c.encapsulation] ?? c.encapsulation}`],
    ["MTU", c.mtu && (c.mtu.effective > 0 ? `${c.mtu.effective} inside, ${c.mtu.path} outside (from ${c.mtu.source})` : "any size")],
    ["SPIs", <code>{`${c.in_spi} / ${c.out_spi}`}</code>],
  ];
}

function traffic(t: Child["in"]) {
  return (
    <>
      {bytes(t.bytes)}, {count(t.packets)} packets{t.last_use && <>, last <When time={t.last_use} /></>}
    </>
  );
}

function Buttons({ commands }: { commands: Command[] }) {
  const act = useAct();
  if (commands.length === 0) return null;
  return (
    <div class="buttons small">
      {commands.map(({ name, danger, action }) => (
        <button key={name} type="button" class={danger ? "danger" : ""} aria-label={action.title} onClick={() => act(action)}>
          {name}
        </button>
      ))}
    </div>
  );
}
