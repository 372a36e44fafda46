// Package telemetry tells what IKE does as spans of OpenTelemetry, over OTLP with HTTP.
//
//	news of the engine -> Book: operations and their exchanges -> spans -> queue -> exporter -> POST /v1/traces
//
// An operation (a handshake, a rekeying, ...) is a root span and a trace of its own, its exchanges are the spans below it. What
// comes after a handshake has a link to it. A span is made when its operation is over, so that failures are always told, whatever
// share of the rest is. docs/telemetry.md lists spans and attributes, from the tables of this package.
package telemetry
