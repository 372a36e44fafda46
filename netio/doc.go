// Package netio carries IKE and ESP over sockets: UDP in batches on the IKE port and on the NAT traversal port, where ESP
// is told from IKE by the non-ESP marker (RFC 3948, Section 2.2), ESP as IP protocol 50, and TCP streams that carry both
// (RFC 9329).
//
// Received: recvmmsg with UDP_GRO -> packets by port and first four octets -> Handlers, all on one locked thread.
// Sent: bursts -> UDP_SEGMENT or single packets -> one sendmmsg, on the thread of the caller.
// Of several workers each has such a thread and sockets of its own for ESP, between which the kernel chooses by SPI.
// What the kernel lacks is found out by trying, and done without.
//
// Nothing that arrives, and no error of the network, ends a Listener: everything is counted by a Reason.
package netio

import (
	"net/netip"
	"syscall"

	"culvert/dataplane"
)

// Ports that IANA assigned (RFC 7296, Section 2).
const (
	PortIKE uint16 = 500
	PortNAT uint16 = 4500
)

// Config says where to listen.
type Config struct {
	// Addresses are the local addresses to bind; they may appear later. None means every address of both families.
	Addresses []netip.Addr
	// IKEPort carries IKE without marker, NATPort IKE with marker and ESP. 0 lets the kernel choose.
	IKEPort, NATPort uint16
	// TCPPorts are where streams are accepted (RFC 9329); none accepts none. Streams can be opened in any case.
	TCPPorts []uint16
	// RawESP opens IP protocol 50 as well, which needs CAP_NET_RAW.
	RawESP bool
	// Mark is put on everything that is sent, so that policy routing keeps it out of the tunnel. It needs CAP_NET_ADMIN;
	// 0 is no mark.
	Mark uint32
	// Prepare sets further options of each UDP socket before it is bound; nil sets none. With it ESP in UDP is not coalesced,
	// since the kernel takes it off the sockets for NAT traversal.
	Prepare func(fd int, ipv6, nat bool) error
	// Workers is how many threads receive; 0 is 1. ESP under an SPI with the bit dataplane.SteeredSPI comes to the worker that is the last
	// octet of its SPI modulo Workers, as far as the kernel can tell the packets of one message apart; all other ESP of one
	// sender comes to one worker. IKE comes to any.
	Workers int
	// Brisk says that Go's scheduler has a processor to spare for each thread that receives, which the thread keeps while it waits for
	// a moment.
	Brisk bool
	// Buffer is what the sockets are asked to hold in each direction, in octets; 0 is 4 MiB.
	Buffer int
}

// DefaultConfig listens on the assigned ports of every address, for UDP and for raw ESP.
func DefaultConfig() Config {
	return Config{IKEPort: PortIKE, NATPort: PortNAT, RawESP: true}
}

// Handlers take what arrives. They are called from the thread of each worker, and must not block. What they are given
// belongs to the Listener again when they return; until then they may write to it. A nil handler drops.
type Handlers struct {
	// IKE gets one IKE message without marker, at least as long as an IKE header.
	IKE func(path dataplane.Path, message []byte)
	// ESP gets the packets of one batch in the order of their arrival, from the worker that received them; each holds at least SPI and sequence number.
	ESP func(worker int, bursts []dataplane.Burst)
	// MTU is told about packets that were too large for the path.
	MTU func(dataplane.TooBig)
	// Unreachable is told what ICMP says about packets that could not be delivered, by the error that the kernel makes of it; the port
	// is 0 for raw ESP. Anybody can forge such messages.
	Unreachable func(remote netip.AddrPort, reason syscall.Errno)
	// Stream is told that a stream which Dial opened has ended.
	Stream func(path dataplane.Path)
}
