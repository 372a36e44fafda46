package user

import (
	"sync/atomic"

	"culvert/dataplane"
	"culvert/dataplane/user/offload"
)

// A Device is where clear packets come from and go to: a TUN device, a network stack in this process, a fake. Packets
// stand behind a virtio-net header (package offload) and may be super-packets in both directions. Its queues are
// counted from 0; each is read by one goroutine, which puts the packets of a flow into one queue.
type Device interface {
	// Queues is the number of queues, 1 at least.
	Queues() int
	// Read reads one packet with its header, without waiting: tun.ErrAgain says that there is none. b has room for 64 KiB
	// and a header.
	Read(queue int, b []byte) (int, error)
	// Wait returns when a packet may wait in the queue, after Wake, and after Shut with os.ErrClosed. tun.ErrGone says that the
	// device was removed.
	Wait(queue int) error
	// Wake ends the Wait that runs, or the next. Anybody may call it.
	Wake(queue int)
	// WritePacket takes one packet from its parts, of which the first is the header. The parts are the caller's again when it
	// returns. Anybody may write to any queue.
	WritePacket(queue int, parts [][]byte) error
	// JoinsUDP reports whether super-packets of UDP may be written.
	JoinsUDP() bool
	// Shut ends Wait for good. Reads and writes still work until Close.
	Shut()
	// Close lets go of the device. Nobody uses it any longer.
	Close() error
}

// A Plumber directs the traffic of policies into the device (see route.Plumber).
type Plumber interface {
	Set(dataplane.Policy) error
	Remove(dataplane.PolicyID) error
	// Unprotected counts packets that policies protect and that were kept from leaving in the clear.
	Unprotected() (uint64, error)
	// Warnings returns what the host lacks.
	Warnings() []error
	Close() error
}

// A port writes packets to the queues of a device. Devices give out a flow through the queue to which its answers are
// written. So answers are written to the queue by which the flow came, and flows that are not known yet are spread over all.
type port struct {
	device   Device
	affinity *affinity
}

// WritePacket is that of offload.Writer.
func (p *port) WritePacket(parts [][]byte) error {
	if len(parts) < 2 {
		return offload.ErrHeader
	}
	return p.device.WritePacket(p.affinity.queue(parts[1]), parts)
}

// An affinity remembers by which queue flows came. Flows may share a place; then they come to share a queue. It is nil when
// there is one queue, and safe for concurrent use.
type affinity struct {
	queues uint64
	places [1 << 12]atomic.Uint32 // queue plus one, 0 is unknown
}

func newAffinity(queues int) *affinity {
	if queues < 2 {
		return nil
	}
	return &affinity{queues: uint64(queues)}
}

func (a *affinity) place(hash uint32) *atomic.Uint32 { return &a.places[int(hash)%len(a.places)] }

// came notes that a packet came by a queue.
func (a *affinity) came(queue int, pkt []byte) {
	if a == nil {
		return
	}
	if at := a.place(offload.FlowHash(pkt)); at.Load() != uint32(queue+1) {
		at.Store(uint32(queue + 1))
	}
}

// queue returns that to which a packet is written.
func (a *affinity) queue(pkt []byte) int {
	if a == nil {
		return 0
	}
	hash := offload.FlowHash(pkt)
	if known := a.place(hash).Load(); known != 0 {
		return int(known - 1)
	}
	return int(uint64(hash) * a.queues >> 32)
}
