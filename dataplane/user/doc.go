// Package user is the data plane in user space: ESP over a TUN device (RFC 4303, RFC 4301, Section 5). It implements
// dataplane.Backend.
//
// A worker has a queue of the device and a share of the network. Outbound, on its locked thread, from reading to sending:
//
//	device -> (super-)packet -> flow -> policy -> SA -> fitted to the path -> batch, sealed into the outbox -> Sender
//	arrival.go                           policy.go  sa.go  fit.go mss.go       batch.go         outbox.go
//
// Inbound, on the thread that calls HandleESP:
//
//	bursts -> packet -> SPI -> SA -> opened in place, replay window -> selectors, ECN -> joined to super-packets -> device
//	receive.go          sad.go                                                              offload                device.go
//
// Packets of a batch take each of these steps together, and the SAs of all are fetched into the processor's cache ahead of them
// (package prefetch): of many tunnels every place in main memory would be waited for by itself else.
//
// Workers share what seldom changes, and counters, to which a batch adds once for each SA (account.go). Policies and SAs reach them through atomic pointers; what was removed is
// destroyed when the batches in progress are over (epoch.go). Nothing is allocated or logged per packet; the lock of an
// inbound SA is held over runs of packets. Packets of a flow stay in order. What waits for an SA is in queue.go.
//
// Beside it: SAs in AGGFRAG mode, whose packets a goroutine of each sends in its time (aggfrag*.go, RFC 9347), dummy packets
// (cover.go), the MTU of paths (remote.go, path_mtu.go), which the device follows (device_mtu.go), and what is done when more
// comes than a worker can send (overload.go, package fair).
//
// What a policy protects leaves protected or not at all: package route leads it into the device, where it is dropped and
// counted when there is no SA.
package user
