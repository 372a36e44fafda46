package netio

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

const (
	outboxSize   = 64
	maxSegments  = 64    // UDP_MAX_SEGMENTS of kernels before 6.9
	maxSegmented = 65000 // octets of one segmented send: IP and UDP headers make it 65535 at most
)

// An outbox collects the messages of one sendmmsg. The socket's lock guards it.
type outbox struct {
	messages [outboxSize]mmsghdr
	slots    [outboxSize]slot
	packets  [outboxSize]int // how many packets are in each message
	n        int
}

func newOutbox() *outbox {
	o := new(outbox)
	for i := range o.messages {
		o.messages[i].hdr.Name = (*byte)(unsafe.Pointer(&o.slots[i].name))
		o.messages[i].hdr.Iov = &o.slots[i].iov[0]
	}
	return o
}

// add puts a message in; prefix may be nil. There must be room.
func (o *outbox) add(to netip.AddrPort, prefix, data []byte) *mmsghdr {
	m, s := &o.messages[o.n], &o.slots[o.n]
	o.packets[o.n] = 1
	o.n++
	m.hdr.Namelen = putName(&s.name, to)
	m.hdr.Iovlen = 0
	for _, b := range [2][]byte{prefix, data} {
		if len(b) > 0 {
			v := &s.iov[m.hdr.Iovlen]
			v.Base = &b[0]
			v.SetLen(len(b))
			m.hdr.Iovlen++
		}
	}
	return m
}

// control describes the message added last.
func (o *outbox) control(v6 bool, from netip.Addr, tos uint8, segment int) {
	m, s := &o.messages[o.n-1], &o.slots[o.n-1]
	n := putControl(&s.control, v6, from, tos, segment)
	m.hdr.Control = nil
	if n > 0 {
		m.hdr.Control = &s.control[0]
	}
	m.hdr.SetControllen(n)
}

// clear forgets the messages and lets go of their payload.
func (o *outbox) clear() {
	for i := range o.n {
		o.slots[i].iov = [2]unix.Iovec{}
	}
	o.n = 0
}

// sendBurst queues a burst, cut into as few messages as the kernel takes, and sends whenever the outbox is full.
// The caller holds mu.
func (s *socket) sendBurst(b dataplane.Burst, c *counters) {
	if s.cuts(&b) {
		s.flush(c)
		s.sendCut(b, c)
		return
	}
	if s.df != b.DF {
		s.flush(c)
		s.setDF(b.DF)
	}
	if !s.segment || b.Count() == 1 {
		for p, ok := b.Next(); ok; p, ok = b.Next() {
			s.queue(&b, p, 0, 1, c)
		}
		return
	}
	most := min(maxSegments, max(1, maxSegmented/b.Segment))
	for len(b.Data) > 0 {
		part := dataplane.Burst{Data: b.Data[:min(len(b.Data), most*b.Segment)], Segment: b.Segment}
		b.Data = b.Data[len(part.Data):]
		s.queue(&b, part.Data, b.Segment, part.Count(), c)
	}
}

func (s *socket) queue(b *dataplane.Burst, data []byte, segment, packets int, c *counters) {
	if s.out.n == outboxSize {
		s.flush(c)
	}
	if packets == 1 {
		segment = 0
	}
	s.out.add(s.destination(b.Path.Remote), nil, data)
	s.out.control(s.v6(), b.Path.Local.Addr(), b.TOS, segment)
	s.out.packets[s.out.n-1] = packets
}

// destination drops the port that has no meaning for raw sockets, where IPv6 refuses it.
func (s *socket) destination(remote netip.AddrPort) netip.AddrPort {
	if s.role == roleRaw {
		return netip.AddrPortFrom(remote.Addr(), 0)
	}
	return remote
}

// flush sends what is queued. A message that fails is counted and does not stop the ones behind it. The caller holds mu.
func (s *socket) flush(c *counters) {
	o := s.out
	for done, tries := 0, 0; done < o.n; {
		n, errno := s.sendmmsg(o.messages[done:o.n])
		for i := range n {
			c.add(SentESP, o.packets[done+i])
		}
		done += n
		switch {
		case errno == 0:
			tries = 0
		case tries < staleness(errno):
			tries++
		default:
			s.fail(done, errno, c)
			done, tries = done+1, 0
		}
	}
	o.clear()
}

func (s *socket) sendmmsg(messages []mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), unix.MSG_DONTWAIT, 0, 0)
	if errno == unix.EAGAIN { // wait for room, and have Go's scheduler know
		n, _, errno = unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&messages[0])), uintptr(len(messages)), 0, 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// fail deals with message i, which the kernel refused: a segmented one is tried again packet by packet, since its
// packets may be too large only for segmentation, or the device unable to do it.
func (s *socket) fail(i int, errno syscall.Errno, c *counters) {
	packets := s.out.packets[i]
	if packets == 1 {
		c.add(sendReason(errno), 1)
		return
	}
	switch errno {
	case unix.EIO: // no checksum offload on the device, a lasting property
		s.segment = false
		c.add(SegmentationLost, 1)
	case unix.EINVAL, unix.EMSGSIZE:
	default:
		c.add(sendReason(errno), packets)
		return
	}
	s.resend(i, c)
}

// resend sends the packets of message i one by one.
func (s *socket) resend(i int, c *counters) {
	m, sl := &s.out.messages[i], &s.out.slots[i]
	segment := segmentOf(m, sl)
	b := dataplane.Burst{Data: unsafe.Slice(sl.iov[0].Base, sl.iov[0].Len), Segment: segment}
	single := *m
	single.hdr.SetControllen(int(m.hdr.Controllen) - unix.CmsgSpace(2))
	for p, ok := b.Next(); ok; p, ok = b.Next() {
		sl.iov[0].Base = &p[0]
		sl.iov[0].SetLen(len(p))
		if errno := s.sendmsg(&single.hdr, 0); errno != 0 {
			c.add(sendReason(errno), 1)
			continue
		}
		c.add(SentESP, 1)
	}
}

// segmentOf reads back the segment size, which is the last control message.
func segmentOf(m *mmsghdr, s *slot) int {
	at := int(m.hdr.Controllen) - unix.CmsgSpace(2) + unix.CmsgLen(0)
	return int(*(*uint16)(unsafe.Pointer(&s.control[at])))
}

// sendmsg sends one message, again when an old error came back instead.
func (s *socket) sendmsg(m *unix.Msghdr, flags int) syscall.Errno {
	for tries := 0; ; tries++ {
		_, _, errno := unix.Syscall(unix.SYS_SENDMSG, uintptr(s.fd), uintptr(unsafe.Pointer(m)), uintptr(flags))
		if tries >= staleness(errno) {
			return errno
		}
	}
}

// sendIKE sends one datagram, which the kernel may fragment unless it is to arrive whole. It does not wait for room: IKE
// retransmits.
func (s *socket) sendIKE(path dataplane.Path, datagram []byte, manner Manner) syscall.Errno {
	var marker []byte
	if s.role == roleNAT && !(len(datagram) == 1 && datagram[0] == keepalive) {
		marker = make([]byte, markerLen)
	}
	s.setDF(manner.Whole)
	m := s.out.add(path.Remote, marker, datagram)
	s.out.control(s.v6(), path.Local.Addr(), manner.DSCP<<2, 0)
	errno := s.sendmsg(&m.hdr, unix.MSG_DONTWAIT)
	s.out.clear()
	return errno
}

// staleness says how often a send is repeated after an error. With IP_RECVERR the kernel reports what ICMP said about
// earlier packets in place of sending, and again each time the error queue is read. Some errors can be of this packet too.
func staleness(errno syscall.Errno) int {
	switch errno {
	case unix.ECONNREFUSED, unix.ENOPROTOOPT, unix.EPROTO, unix.EOPNOTSUPP, unix.EINTR:
		return 16
	case unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.EACCES, unix.EMSGSIZE:
		return 4
	}
	return 0
}

func sendReason(errno syscall.Errno) Reason {
	switch errno {
	case unix.EMSGSIZE:
		return SendTooBig
	case unix.ENOBUFS, unix.ENOMEM, unix.EAGAIN:
		return SendNoBuffer
	case unix.EPERM, unix.EACCES:
		return SendForbidden
	case unix.ENETUNREACH, unix.EHOSTUNREACH, unix.EHOSTDOWN, unix.ENETDOWN, unix.ECONNREFUSED:
		return SendUnreachable
	case unix.EADDRNOTAVAIL, unix.EINVAL, unix.ENODEV:
		return SendNoAddress
	case unix.EBADF:
		return SendClosed
	}
	return SendFailed
}
