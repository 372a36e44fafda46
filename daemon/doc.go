// Package daemon wires configuration, engine and data plane together. It owns the goroutines, sockets and files:
//
//	netio.Listener --IKE--> shard goroutines (ike.Shard) --actions--> listener, backend, workers, hub
//	             \--ESP--> dataplane backend --notices--> shards, supervisor
//	supervisor goroutine (supervisor.Supervisor): start actions, reconnection, uniqueness, what commands wait for
//	api.Server -> Daemon (api.Control) -> supervisor and shards
//
// No IKE SA waits for another one's I/O: what is slow runs on the worker pool, and what a reader of events cannot take in
// time is dropped for that reader alone.
package daemon
