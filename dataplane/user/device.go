package user

import (
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
	// Wait returns when a packet may wait in the queue, after Wake, and after Shut with os.ErrClosed.
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

// A port writes packets to the queues of a device. Devices send the answers of a flow through the queue by which its
// packets came, so that a port which spreads flows over the queues spreads the answers over the workers too.
type port struct {
	device Device
	queues uint32
}

// WritePacket is that of offload.Writer.
func (p *port) WritePacket(parts [][]byte) error {
	queue := 0
	if p.queues > 1 && len(parts) > 1 {
		queue = int(uint64(offload.FlowHash(parts[1])) * uint64(p.queues) >> 32)
	}
	return p.device.WritePacket(queue, parts)
}
