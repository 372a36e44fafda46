// Where in the page somebody is, as the part of the address behind "#".

export type Route =
  | { page: "connections" }
  | { page: "connection"; name: string }
  | { page: "exchanges"; connection: string }
  | { page: "exchange"; id: string }
  | { page: "certificates" }
  | { page: "pools" }
  | { page: "log" }
  | { page: "unknown" };

/** Reads an address: "#/connections/office" */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map(decoded);
  const [page, name] = parts;
  if (name !== undefined && name !== "" && parts.length === 2) {
    if (page === "connections") return { page: "connection", name };
    if (page === "exchanges") return { page: "exchange", id: name };
  }
  if (parts.length > 1) return { page: "unknown" };
  switch (page) {
    case "":
    case "connections":
      return { page: "connections" };
    case "exchanges":
      return { page, connection: new URLSearchParams(query).get("connection") ?? "" };
    case "certificates":
    case "pools":
    case "log":
      return { page };
  }
  return { page: "unknown" };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody has typed it
  }
}

export const toConnections = "#/connections";
export const toConnection = (name: string): string => `#/connections/${encodeURIComponent(name)}`;
export const toExchanges = (connection: string): string => `#/exchanges?connection=${encodeURIComponent(connection)}`;
export const toExchange = (id: string): string => `#/exchanges/${encodeURIComponent(id)}`;
