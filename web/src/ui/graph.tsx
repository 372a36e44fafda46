// Two lines over the last five minutes: what came in and what went out.
import { bitRate, packetRate } from "../format";
import { axisEnd, peak, Rate, Series, span } from "../live/series";

interface Lines {
  incoming: "inBytes" | "inPackets";
  outgoing: "outBytes" | "outPackets";
}

const width = 600;
const height = 120;

/** The points of a line in a picture of width and height, with its right edge at the time end. */
export function points(rates: Rate[], name: keyof Rate, end: number, top: number): string {
  return rates
    .map((r) => {
      const x = width - ((end - r.time) / span) * width;
      const y = height - (r[name] / top) * (height - 4);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}

interface GraphProps extends Lines {
  title: string;
  series: Series;
  show: (value: number) => string;
}

export function Graph({ title, series, incoming, outgoing, show }: GraphProps) {
  const { rates, now } = series;
  const most = peak(rates, incoming, outgoing);
  const top = axisEnd(most);
  const end = now?.time ?? 0;
  const inNow = show(now?.[incoming] ?? 0);
  const outNow = show(now?.[outgoing] ?? 0);
  const summary = `${title} over the last five minutes. Now ${inNow} in, ${outNow} out; at most ${show(most)}.`;
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
              <polygon class="area" points={area(rates, incoming, end, top)} />
              <polyline class="line out" points={points(rates, outgoing, end, top)} />
              <polyline class="line in" points={points(rates, incoming, end, top)} />
            </>
          )}
        </svg>
        <span class="axis-top" aria-hidden="true">
          {most > 0 ? show(top) : ""}
        </span>
        {rates.length < 2 && <span class="plot-empty">Collecting …</span>}
      </div>
      <div class="axis" aria-hidden="true">
        <span>5 min ago</span>
        <span>now</span>
      </div>
    </figure>
  );
}

function area(rates: Rate[], name: keyof Rate, end: number, top: number): string {
  const first = width - ((end - rates[0]!.time) / span) * width;
  return `${first.toFixed(1)},${height} ${points(rates, name, end, top)} ${width},${height}`;
}

/** Both graphs of a series. */
export function Graphs({ series }: { series: Series }) {
  return (
    <div class="graphs">
      <Graph title="Throughput" series={series} incoming="inBytes" outgoing="outBytes" show={bitRate} />
      <Graph title="Packets" series={series} incoming="inPackets" outgoing="outPackets" show={packetRate} />
    </div>
  );
}

/** A line without words, for a row of a table that has the numbers. */
export function Sparkline({ series }: { series: Series }) {
  const { rates, now } = series;
  if (rates.length < 2) return null;
  const top = Math.max(peak(rates, "inBytes", "outBytes"), 1);
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <polyline class="line out" points={points(rates, "outBytes", now!.time, top)} />
      <polyline class="line in" points={points(rates, "inBytes", now!.time, top)} />
    </svg>
  );
}
