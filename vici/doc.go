// Package vici speaks VICI, the protocol through which swanctl and its relatives manage an IKE daemon: its messages and
// packets, a client, and a server that drives the daemon.
//
// A connection carries segments of at most 512 KiB in each direction: requests and their answers in strict order, and between
// them the events for which the client has registered. Docs/vici.md lists commands and events.
package vici
