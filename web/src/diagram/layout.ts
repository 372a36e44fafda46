// Where everything of a sequence diagram stands. Lengths are in pixels of the picture.
import { Trace } from "../api/types";
import { messageFacts, messageName, offset, payloadNames, stepsOf } from "./words";

export interface Arrow {
  kind: "arrow";
  index: number;
  /** The line of the arrow. */
  y: number;
  from: number;
  to: number;
  sent: boolean;
  response: boolean;
  name: string;
  /** Lines of text, the last one right above the arrow. */
  payloads: string[];
  facts: string;
  time: string;
  /** Lines for repetitions, below the arrow. */
  echoes: number[];
  dropped: boolean;
}

export interface Note {
  kind: "note";
  y: number;
  lines: string[];
  height: number;
  bad: boolean;
}

export interface Layout {
  width: number;
  height: number;
  us: number;
  peer: number;
  narrow: boolean;
  rows: (Arrow | Note)[];
}

const head = 44;
const above = 24; // room for the name over an arrow
const payloadLine = 14; // and for each line of payloads
const below = 24; // and one below
const echo = 6;
const mostEchoes = 3;
const lineHeight = 16;
const letter = 6.4; // the width of one at the size of the small text

/** Cuts a text to what fits in a width. */
export function fitted(text: string, width: number): string {
  const room = Math.max(4, Math.floor(width / letter));
  return text.length <= room ? text : `${text.slice(0, room - 1).trimEnd()}…`;
}

/** Breaks a text into at most a few lines of a width. */
export function wrapped(text: string, width: number, most: number): string[] {
  const room = Math.max(8, Math.floor(width / letter));
  const lines: string[] = [""];
  for (const word of text.split(/\s+/)) {
    const line = lines[lines.length - 1]!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  const shown = lines.slice(0, most).map((line) => fitted(line, width));
  if (lines.length > most) shown[most - 1] = fitted(`${shown[most - 1]} …`, width);
  return shown;
}

export function layout(t: Trace, width: number): Layout {
  const narrow = width < 560;
  const margin = narrow ? 16 : 96;
  const us = margin;
  const peer = width - margin;
  const rows: Layout["rows"] = [];
  let y = head;
  for (const step of stepsOf(t)) {
    if (step.kind === "mark") {
      const lines = wrapped(step.mark.text, peer - us - 40, 3);
      const height = lines.length * lineHeight + 12;
      rows.push({ kind: "note", y: y + 6, lines, height, bad: step.mark.problem !== undefined });
      y += height + 14;
      continue;
    }
    const m = step.message;
    const sent = m.direction === "sent";
    const echoes = Array.from({ length: Math.min(m.repeated ?? 0, mostEchoes) }, (_, i) => (i + 1) * echo);
    const room = peer - us - 24;
    const facts = messageFacts(m).join(" · ");
    const time = offset(t, m.time);
    const payloads = wrapped(payloadNames(m).join(" "), room, 2);
    y += above + payloads.length * payloadLine;
    rows.push({
      kind: "arrow",
      index: step.index,
      y,
      from: sent ? us : peer,
      to: sent ? peer : us,
      sent,
      response: m.response,
      name: fitted(messageName(m), room * 0.92),
      payloads,
      facts: fitted(narrow ? `${time} · ${facts}` : facts, room),
      time,
      echoes,
      dropped: m.dropped !== undefined && m.dropped !== "",
    });
    y += below + echoes.length * echo;
  }
  return { width, height: y + 16, us, peer, narrow, rows };
}
