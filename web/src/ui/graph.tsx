// Two lines over the last five minutes: what came in and what went out.
import { bitRate, packetRate } from "../format";
import { axisEnd, peak, Rate, Series, shownSpan } from "../live/series";

interface Lines {
  incoming: "inBytes" | "inPackets";
  outgoing: "outBytes" | "outPackets";
}

const width = 600;
const height = 120;

/** Where a time stands in a picture whose right edge is the last one. */
function across(rates: Rate[], time: number): string {
  const end = rates[rates.length - 1]!.time;
  return (width - ((end - time) / shownSpan(rates)) * width).toFixed(1);
}

/** The points of a line. */
function points(rates: Rate[], name: keyof Rate, top: number): string {
  return rates.map((r) => `${across(rates, r.time)},${(height - (r[name] / top) * (height - 4)).toFixed(1)}`).join(" ");
}

interface GraphProps extends Lines {
  title: string;
  series: Series;
  show: (value: number) => string;
  /** How many of what is shown make one of what is counted: 8 bits an octet. */
  scale: number;
}

export function Graph({ title, series, incoming, outgoing, show, scale }: GraphProps) {
  const { rates, now } = series;
  const most = peak(rates, incoming, outgoing);
  const top = axisEnd(most * scale) / scale;
  const inNow = show(now?.[incoming] ?? 0);
  const outNow = show(now?.[outgoing] ?? 0);
  const summary = `${title} over the last ${shownSpan(rates) === 60_000 ? "minute" : `${shownSpan(rates) / 60_000} minutes`}. Now ${inNow} in, ${outNow} out; at most ${show(most)}.`;
  return (
    <figure class="graph">
      <figcaption>
        <span class="graph-title">{title}</span>
        <span class="key in">
          in <b>{inNow}</b>
        </span>
        <span class="key out">
          out <b>{outNow}</b>
        </span>
      </figcaption>
      <div class="plot">
        <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={summary}>
          <path class="grid" d={`M0 ${height / 2}H${width}M0 4H${width}`} />
          {rates.length > 1 && (
            <>
              <polygon class="area" points={area(rates, incoming, top)} />
              <polyline class="line out" points={points(rates, outgoing, top)} />
              <polyline class="line in" points={points(rates, incoming, top)} />
            </>
          )}
        </svg>
        <span class="axis-top" aria-hidden="true">
          {most > 0 ? show(top) : ""}
        </span>
        {rates.length < 2 && <span class="plot-empty">Collecting …</span>}
      </div>
      <div class="axis" aria-hidden="true">
        <span>{shownSpan(rates) / 60_000} min ago</span>
        <span>now</span>
      </div>
    </figure>
  );
}

function area(rates: Rate[], name: keyof Rate, top: number): string {
  return `${across(rates, rates[0]!.time)},${height} ${points(rates, name, top)} ${width},${height}`;
}

/** Both graphs of a series. */
export function Graphs({ series }: { series: Series }) {
  return (
    <div class="graphs">
      <Graph title="Throughput" series={series} incoming="inBytes" outgoing="outBytes" show={bitRate} scale={8} />
      <Graph title="Packets" series={series} incoming="inPackets" outgoing="outPackets" show={packetRate} scale={1} />
    </div>
  );
}

/** A line without words, for a row of a table that has the numbers. */
export function Sparkline({ series }: { series: Series }) {
  const { rates } = series;
  if (rates.length < 2) return null;
  const top = Math.max(peak(rates, "inBytes", "outBytes"), 1);
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <polyline class="line out" points={points(rates, "outBytes", top)} />
      <polyline class="line in" points={points(rates, "inBytes", top)} />
    </svg>
  );
}
