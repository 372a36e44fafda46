// Server-sent events of an answer to a POST, which EventSource cannot send.

export interface ServerEvent {
  name: string;
  data: string;
}

/** Takes what has come so far, and returns the events that are whole and the rest. */
export function splitEvents(text: string): { events: ServerEvent[]; rest: string } {
  const blocks = text.split("\n\n");
  const rest = blocks.pop() ?? "";
  return { events: blocks.map(eventOf).filter((e) => e.data !== ""), rest };
}

function eventOf(block: string): ServerEvent {
  const e = { name: "message", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("event: ")) e.name = line.slice(7);
    else if (line.startsWith("data: ")) e.data += (e.data === "" ? "" : "\n") + line.slice(6);
  }
  return e;
}

export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const split = splitEvents(rest + decoder.decode(value, { stream: true }));
      rest = split.rest;
      yield* split.events;
    }
  } finally {
    void reader.cancel();
  }
}
