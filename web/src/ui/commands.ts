// What can be done with a connection, an IKE SA and a child.
import { Child, Connection, SA } from "../api/types";
import { plural } from "../format";
import { Action } from "./actions";

export interface Command {
  /** On the button. */
  name: string;
  /** Has a button in lists. */
  quick?: boolean;
  danger?: boolean;
  action: Action;
}

export function connectionActions(c: Connection): Command[] {
  const target = { connection: c.name };
  const up: Command = { name: "Up", quick: true, action: { verb: "up", target, title: `Bring up ${c.name}` } };
  const tries = c.state === "connecting" || c.state === "waiting";
  if (c.sa_count === 0 && !tries) return c.remote.length > 0 ? [up] : [];
  const down: Command = {
    name: "Down",
    quick: true,
    danger: true,
    action: { verb: "down", target, title: `Take down ${c.name}`, consequence: downText(c) },
  };
  if (c.sa_count === 0) return [up, down];
  return [
    down,
    { name: "Rekey", quick: true, action: { verb: "rekey", target, layer: "ike", title: `Rekey ${c.name}` } },
    { name: "Rekey children", action: { verb: "rekey", target, layer: "child", title: `Rekey the children of ${c.name}` } },
    { name: "Authenticate anew", action: { verb: "reauth", target, title: `Authenticate anew: ${c.name}` } },
  ];
}

function downText(c: Connection): string {
  if (c.sa_count === 0) return "It is not tried any more until somebody brings it up.";
  const what = `${plural(c.sa_count, "IKE SA")} and ${plural(c.child_count, "child", "children")} end`;
  return `${what}. Traffic stops until it is up again; if you reach this page through it, you lose the page.`;
}

export function saActions(sa: SA): Command[] {
  if (sa.state !== "established") return [];
  const target = { connection: sa.connection, sa: sa.spi };
  const peer = sa.remote.id || sa.remote.address;
  return [
    { name: "Rekey", action: { verb: "rekey", target, layer: "ike", title: `Rekey ${peer}` } },
    { name: "Authenticate anew", action: { verb: "reauth", target, title: `Authenticate anew: ${peer}` } },
    {
      name: "Down",
      danger: true,
      action: { verb: "down", target, title: `Take down ${peer}`, consequence: `The IKE SA and ${plural(sa.children.length, "child", "children")} end. Its traffic stops until it is up again.` },
    },
  ];
}

export function childActions(sa: SA, c: Child): Command[] {
  if (c.state !== "installed") return [];
  const target = { connection: sa.connection, child: c.name, sa: sa.spi };
  return [
    { name: "Rekey", action: { verb: "rekey", target, layer: "child", title: `Rekey ${c.name}` } },
    { name: "Down", danger: true, action: { verb: "down", target, title: `Take down ${c.name}`, consequence: "Traffic of this child stops until it is up again. The IKE SA stays." } },
  ];
}
