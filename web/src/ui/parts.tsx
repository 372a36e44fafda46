// Parts of pages: headings, pills, facts, search, pages of a list.
import { ComponentChildren } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { useDaemon } from "../daemon";
import { count, dateTime, relative } from "../format";
import { Standing } from "../live/search";
import { Icon, IconName } from "./icons";

export function Title({ children }: { children: ComponentChildren }) {
  return (
    <h1 tabIndex={-1} class="title">
      {children}
    </h1>
  );
}

/** A part of a page with a heading of its own. */
export function Section({ title, aside, children }: { title: string; aside?: ComponentChildren; children: ComponentChildren }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

export const standingNames: Record<Standing, string> = { up: "Up", failing: "Failing", trying: "Trying", ready: "Ready", off: "Off" };

export type Tone = "good" | "bad" | "warn" | "calm";

export function Pill({ tone, icon, children }: { tone: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`pill ${tone}`}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </span>
  );
}

const standingTones: Record<Standing, Tone> = { up: "good", failing: "bad", trying: "warn", ready: "calm", off: "calm" };

export function StandingPill({ standing }: { standing: Standing }) {
  return (
    <Pill tone={standingTones[standing]} icon={standing}>
      {standingNames[standing]}
    </Pill>
  );
}

/** Names and values. A value that is not there is left out with its name. */
export function Facts({ list }: { list: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {list
        .filter(([, value]) => value !== undefined && value !== "" && value !== false && value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A time as how far it is off; the whole of it as a title. */
export function When({ time }: { time: string | undefined }) {
  const { now } = useDaemon();
  if (!time) return null;
  return (
    <time dateTime={time} title={dateTime(time)}>
      {relative(time, now)}
    </time>
  );
}

export function Search({ label, value, change }: { label: string; value: string; change: (value: string) => void }) {
  const id = useId();
  return (
    <span class="search">
      <label for={id} class="hidden">
        {label}
      </label>
      <input id={id} type="search" placeholder={label} value={value} autocomplete="off" spellcheck={false} onInput={(e) => change(e.currentTarget.value)} />
    </span>
  );
}

/** A value that follows another one once it rests. */
export function useSettled<T>(value: T, ms = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

interface PagerProps {
  /** What is listed: "SAs" */
  what: string;
  page: number;
  size: number;
  total: number;
  turn: (page: number) => void;
}

export function Pager({ what, page, size, total, turn }: PagerProps) {
  if (total <= size) return null;
  const last = Math.ceil(total / size) - 1;
  const shown = `${count(page * size + 1)}–${count(Math.min((page + 1) * size, total))} of ${count(total)}`;
  return (
    <nav class="pager" aria-label={`Pages of ${what}`}>
      <button type="button" disabled={page === 0} onClick={() => turn(page - 1)}>
        Previous
      </button>
      <span aria-live="polite">{shown}</span>
      <button type="button" disabled={page >= last} onClick={() => turn(page + 1)}>
        Next
      </button>
    </nav>
  );
}

/** A choice of one of a few. */
export function Choice<T extends string>({ label, value, options, change }: { label: string; value: T; options: [T, string][]; change: (value: T) => void }) {
  const id = useId();
  return (
    <span class="choice">
      <label for={id} class="hidden">
        {label}
      </label>
      <select id={id} value={value} onChange={(e) => change(e.currentTarget.value as T)}>
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
    </span>
  );
}
