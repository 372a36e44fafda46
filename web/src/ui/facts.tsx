// The daemon itself.
import { useDaemon } from "../daemon";
import { bytes } from "../format";
import { useAct } from "./actions";
import { Facts, Section, When } from "./parts";

export function DaemonFacts() {
  const { data, operates } = useDaemon();
  const act = useAct();
  const d = data!;
  const reload = (
    <button
      type="button"
      onClick={() => act({ verb: "reload", title: "Reload the configuration", consequence: "The daemon reads its configuration and applies the difference. Connections that are no longer in it end." })}
    >
      Reload configuration
    </button>
  );
  return (
    <Section title="Daemon" aside={operates && reload}>
      <Facts
        list={[
          ["Version", d.version],
          ["Started", <When time={d.started} />],
          ["Configuration", d.config],
          ["Read", <When time={d.loaded} />],
          ["Listens on", d.listening.join(", ")],
          ["Data plane", d.dataplane + (d.dataplane_reason ? `: ${d.dataplane_reason}` : "")],
          ["Memory", `${bytes(d.process.heap)} of objects, ${d.process.goroutines} goroutines`],
        ]}
      />
    </Section>
  );
}
