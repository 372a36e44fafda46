// Package ike is the IKEv2 engine (RFC 7296): IKE SAs as pure machines, their exchanges as tables, and the shards that hold
// them. It does no I/O and has no clock, goroutine or logger: datagrams, time, finished work and notices of the data plane
// come in as events, and what is to be done goes out as actions.
//
// A driver (the daemon, the simulator, a client library) owns one or more shards, each from one goroutine:
//
//	driver -> Shard.Handle(now, event) -> SA.Handle -> []Action -> driver
//
// Anything slow is Work: the driver runs it elsewhere and brings its result back as WorkFinished.
package ike
