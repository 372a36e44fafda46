package netstack

import (
	"encoding/binary"
	"os"
	"sync"
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"culvert/dataplane/user/offload"
	"culvert/dataplane/user/tun"
)

// linkQueue is how many packets and super-packets of the stack wait for the data plane. What exceeds it is lost, which the
// senders take for congestion.
const linkQueue = 512

// A link is the stack's network interface and, from the other side, the data plane's device (see user.Device). Super-packets
// of TCP pass whole in both directions.
type link struct {
	endpoint *channel.Endpoint
	wake     chan struct{} // has room for one
	dry      chan struct{} // likewise: a Read has found nothing
	shut     chan struct{}
	once     sync.Once
}

func newLink(mtu int) *link {
	l := &link{endpoint: channel.New(linkQueue, uint32(mtu), ""), wake: make(chan struct{}, 1), dry: make(chan struct{}, 1), shut: make(chan struct{})}
	l.endpoint.SupportedGSOKind = stack.HostGSOSupported
	l.endpoint.AddNotify(l)
	return l
}

// WriteNotify is called by the endpoint when the stack has sent a packet.
func (l *link) WriteNotify() { l.Wake(0) }

// Queues is that of user.Device.
func (l *link) Queues() int { return 1 }

// Read is that of user.Device.
func (l *link) Read(_ int, b []byte) (int, error) {
	p := l.endpoint.Read()
	if p == nil {
		signal(l.dry)
		return 0, tun.ErrAgain
	}
	defer p.DecRef()
	n := offload.HeaderLen
	if p.Size() > len(b)-n {
		return 0, syscall.EMSGSIZE
	}
	offloadOf(p).Put((*[offload.HeaderLen]byte)(b))
	for _, part := range p.AsSlices() {
		n += copy(b[n:], part)
	}
	return n, nil
}

// offloadOf says what the stack has left to the device.
func offloadOf(p *stack.PacketBuffer) (h offload.Header) {
	gso := p.GSOOptions
	if gso.Type != stack.GSOTCPv4 && gso.Type != stack.GSOTCPv6 {
		return h
	}
	if gso.NeedsCsum {
		h.Flags, h.ChecksumStart, h.ChecksumOffset = offload.NeedsChecksum, gso.L3HdrLen, gso.CsumOffset
	}
	if p.Data().Size() <= int(gso.MSS) {
		return h
	}
	h.Type, h.Size = offload.TCP4, gso.MSS
	if gso.Type == stack.GSOTCPv6 {
		h.Type = offload.TCP6
	}
	h.HeaderLength = uint16(p.HeaderSize())
	return h
}

// Wait is that of user.Device.
func (l *link) Wait(int) error {
	select {
	case <-l.shut:
		return os.ErrClosed
	default:
	}
	select {
	case <-l.wake:
		return nil
	case <-l.shut:
		return os.ErrClosed
	}
}

// Wake is that of user.Device.
func (l *link) Wake(int) { signal(l.wake) }

// signal leaves a signal in a channel, unless there is one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// drain waits until the data plane has taken what the stack has sent so far, or for the time of patience.
func (l *link) drain(patience time.Duration) {
	select {
	case <-l.dry:
	default:
	}
	l.Wake(0)
	select {
	case <-l.dry:
	case <-l.shut:
	case <-time.After(patience):
	}
}

// WritePacket is that of user.Device. The stack verifies what arrives, so a checksum that joining has left open is
// completed.
func (l *link) WritePacket(_ int, parts [][]byte) error {
	h, _, err := offload.ParseHeader(parts[0])
	if err != nil {
		return err
	}
	size := 0
	for _, p := range parts[1:] {
		size += len(p)
	}
	packet := buffer.NewViewSize(size)
	b := packet.AsSlice()[:0]
	for _, p := range parts[1:] {
		b = append(b, p...)
	}
	if h.Flags&offload.NeedsChecksum != 0 {
		if err := complete(h, b); err != nil {
			packet.Release()
			return err
		}
	}
	return l.inject(packet)
}

// complete writes the checksum of a packet that holds the sum of the pseudo header in its place.
func complete(h offload.Header, b []byte) error {
	start, at := int(h.ChecksumStart), int(h.ChecksumStart)+int(h.ChecksumOffset)
	if start > len(b) || at+2 > len(b) {
		return offload.ErrHeader
	}
	sum := ^checksum.Checksum(b[start:], 0)
	if sum == 0 {
		sum = 0xffff // the same number, and not "none" as in UDP (RFC 768)
	}
	binary.BigEndian.PutUint16(b[at:], sum)
	return nil
}

// inject gives a packet to the stack, which owns it then.
func (l *link) inject(packet *buffer.View) error {
	protocol := header.IPv4ProtocolNumber
	switch {
	case packet.Size() == 0:
		packet.Release()
		return syscall.EINVAL
	case packet.AsSlice()[0]>>4 == 6:
		protocol = header.IPv6ProtocolNumber
	}
	p := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithView(packet)})
	defer p.DecRef()
	l.endpoint.InjectInbound(protocol, p)
	return nil
}

// JoinsUDP is that of user.Device: the stack takes datagrams one by one.
func (l *link) JoinsUDP() bool { return false }

// SetMTU is that of user.Adjustable. Connections that are there learn it when they send too much.
func (l *link) SetMTU(octets int) error {
	l.endpoint.SetMTU(uint32(octets))
	return nil
}

// Shut is that of user.Device.
func (l *link) Shut() { l.once.Do(func() { close(l.shut) }) }

// Close is that of user.Device. The stack is closed by whoever made it.
func (l *link) Close() error {
	l.endpoint.Close()
	return nil
}
