// Package user is the data plane in user space: ESP over a TUN device (RFC 4303, RFC 4301, Section 5). It implements
// dataplane.Backend.
//
// Outbound, on one locked thread, from reading to sending:
//
//	device -> (super-)packet -> flow -> policy -> SA -> cut and sealed into the send buffer -> bursts -> Sender
//
// Inbound, on the thread that calls HandleESP:
//
//	bursts -> packet -> SPI -> SA -> opened in place, replay window -> selectors, ECN -> joined to super-packets -> device
//
// The two share nothing that changes but counters. Policies and SAs reach them through atomic pointers; what was removed
// is destroyed when the batch in progress is over. Nothing is allocated, locked or logged per packet. Packets of a flow
// stay in order.
//
// What a policy protects leaves protected or not at all: package route leads it into the device, where it is dropped and
// counted when there is no SA.
package user
