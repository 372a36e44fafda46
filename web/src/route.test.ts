import assert from "node:assert/strict";
import test from "node:test";
import { parseRoute, toConnection, toExchange, toExchanges } from "./route";

test("addresses lead to pages", () => {
  assert.deepEqual(["", "#", "#/", "#/connections", "#/pools", "#/log", "#/certificates", "#/exchanges"].map((h) => parseRoute(h).page), [
    "connections", "connections", "connections", "connections", "pools", "log", "certificates", "exchanges",
  ]);
});

test("what leads nowhere is unknown", () => {
  for (const hash of ["#/nowhere", "#/log/7", "#/connections/", "#/connections/a/b", "#/pools/x"]) assert.equal(parseRoute(hash).page, "unknown", hash);
});

test("names of any characters come back", () => {
  for (const name of ["office", "a/b", "<script>", "50%", "ü?#&=", "a b"]) {
    assert.deepEqual(parseRoute(toConnection(name)), { page: "connection", name });
    assert.deepEqual(parseRoute(toExchanges(name)), { page: "exchanges", connection: name });
  }
  assert.deepEqual(parseRoute(toExchange("42")), { page: "exchange", id: "42" });
});

test("an address that was typed wrongly is taken as it is", () => {
  assert.deepEqual(parseRoute("#/connections/50%"), { page: "connection", name: "50%" });
});
