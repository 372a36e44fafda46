// Whether what is recorded today stays secret from quantum computers.
import { Quantum } from "../api/types";
import { Pill } from "./parts";

/** Of several IKE SAs. */
export function Resistance({ of, total }: { of: number; total: number }) {
  if (total === 0) return <>–</>;
  if (of === total) return <Pill tone="good" icon="shield">Resistant</Pill>;
  return <Pill tone="calm">{of === 0 ? "Not resistant" : `${of} of ${total}`}</Pill>;
}

/** Of one, in words. */
export function quantumText(q: Quantum | undefined): string {
  if (!q) return "";
  const by = q.means.length > 0 ? ` by ${q.means.join(", ")}` : "";
  if (q.ike && q.children) return `messages and children${by}`;
  if (q.children) return `children only${by}`;
  return q.ike ? `messages only${by}` : "no";
}
