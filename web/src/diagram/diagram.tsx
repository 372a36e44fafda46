// The sequence diagram as a picture. The list of messages beside it says the same in words, and is what keyboards reach.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Trace } from "../api/types";
import { Arrow, fitted, layout, Layout, Note } from "./layout";
import { diagramSummary } from "./words";

interface Props {
  trace: Trace;
  chosen: number | undefined;
  choose: (index: number) => void;
}

export function Diagram({ trace, chosen, choose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const l = useMemo(() => layout(trace, width), [trace, width]);
  return (
    <div ref={box} class="diagram">
      <svg width={l.width} height={l.height} viewBox={`0 0 ${l.width} ${l.height}`} role="img" aria-label={diagramSummary(trace)}>
        <Lanes l={l} trace={trace} />
        {l.rows.map((row, i) => (row.kind === "note" ? <NoteBox key={i} l={l} n={row} /> : <ArrowLine key={i} l={l} a={row} chosen={row.index === chosen} choose={choose} />))}
      </svg>
    </div>
  );
}

/** The width of an element, as it changes. */
function useWidth(ref: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(320);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(260, Math.floor(entry!.contentRect.width))));
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, []);
  return width;
}

function Lanes({ l, trace }: { l: Layout; trace: Trace }) {
  const side = l.narrow ? "start" : "middle";
  const end = l.narrow ? "end" : "middle";
  const at = l.narrow ? [2, l.width - 2] : [l.us, l.peer];
  const room = l.narrow ? l.width / 2 - 10 : 190;
  return (
    <g>
      <line class="lane" x1={l.us} y1={40} x2={l.us} y2={l.height} />
      <line class="lane" x1={l.peer} y1={40} x2={l.peer} y2={l.height} />
      <text class="who" x={at[0]} y={14} text-anchor={side}>
        Us
      </text>
      <text class="where" x={at[0]} y={31} text-anchor={side}>
        {fitted(trace.local, room)}
      </text>
      <text class="who" x={at[1]} y={14} text-anchor={end}>
        {fitted(trace.peer || "Peer", room)}
      </text>
      <text class="where" x={at[1]} y={31} text-anchor={end}>
        {fitted(trace.remote, room)}
      </text>
    </g>
  );
}

function ArrowLine({ l, a, chosen, choose }: { l: Layout; a: Arrow; chosen: boolean; choose: (index: number) => void }) {
  const middle = (l.us + l.peer) / 2;
  const top = a.y - 8 - a.payloads.length * 14;
  const bottom = a.y + (a.echoes[a.echoes.length - 1] ?? 0);
  return (
    <g class={`message ${a.dropped ? "dropped" : ""} ${a.response ? "response" : ""} ${chosen ? "chosen" : ""}`} onClick={() => choose(a.index)}>
      <rect class="hit" x={2} y={top - 14} width={l.width - 4} height={bottom - top + 36} rx={8} />
      <text class="name" x={middle} y={top} text-anchor="middle">
        {a.name}
      </text>
      {a.payloads.map((line, i) => (
        <text key={i} class="payloads" x={middle} y={a.y - 7 - (a.payloads.length - 1 - i) * 14} text-anchor="middle">
          {line}
        </text>
      ))}
      <ArrowShape from={a.from} to={a.to} y={a.y} cut={a.dropped} />
      {a.echoes.map((down) => (
        <line key={down} class="echo" x1={a.from} y1={a.y + down} x2={a.to} y2={a.y + down} />
      ))}
      <text class="facts" x={middle} y={bottom + 15} text-anchor="middle">
        {a.facts}
      </text>
      {!l.narrow && (
        <text class="time" x={l.us - 12} y={a.y + 4} text-anchor="end">
          {a.time}
        </text>
      )}
    </g>
  );
}

function ArrowShape({ from, to, y, cut }: { from: number; to: number; y: number; cut: boolean }) {
  const towards = to > from ? 1 : -1;
  const tip = to - towards * (cut ? 14 : 2);
  return (
    <>
      <line class="shaft" x1={from} y1={y} x2={tip} y2={y} />
      {cut ? <path class="tip" d={`M${tip - 5} ${y - 5}l10 10m0-10l-10 10`} /> : <path class="tip" d={`M${tip - towards * 8} ${y - 5}L${tip} ${y}L${tip - towards * 8} ${y + 5}`} />}
    </>
  );
}

function NoteBox({ l, n }: { l: Layout; n: Note }) {
  const left = l.us + 10;
  return (
    <g class={`note ${n.bad ? "bad" : ""}`}>
      <rect x={left} y={n.y} width={l.peer - l.us - 20} height={n.height} rx={6} />
      {n.lines.map((line, i) => (
        <text key={i} x={(l.us + l.peer) / 2} y={n.y + 18 + i * 16} text-anchor="middle">
          {line}
        </text>
      ))}
    </g>
  );
}
