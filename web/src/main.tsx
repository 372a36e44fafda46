import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

interface Connection {
  name: string;
  state: string;
}

function Connections() {
  const [list, setList] = useState<Connection[]>([]);
  useEffect(() => {
    void fetch("/v1/connections").then(async (r) => setList((await r.json()) as Connection[]));
  }, []);
  return (
    <main>
      <h1>Connections</h1>
      <ul>
        {list.map((c) => (
          <li key={c.name}>
            {c.name}: {c.state}
          </li>
        ))}
      </ul>
    </main>
  );
}

render(<Connections />, document.getElementById("app")!);
