package netio

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

const (
	// inboxSize is how many messages are read at once: what the data plane joins to super-packets has come in one batch.
	inboxSize = 128
	// batchOctets is how much is read at once, about: it is opened, joined and written while it is in the processor's cache. Coalesced
	// messages hold up to 64 KiB each.
	batchOctets = 256 << 10
	// messageSize is the longest IP packet, and the longest coalesced message.
	messageSize = 1 << 16
	// errorBatch bounds the ICMP errors handled before packets get their turn again.
	errorBatch = 32
)

// An inbox holds the messages of one recvmmsg. The receiving thread alone uses it. Memory that no message ever reached
// is never touched, and so costs nothing.
type inbox struct {
	messages [inboxSize]mmsghdr
	slots    [inboxSize]slot
	buffers  []byte
	bursts   []dataplane.Burst
}

func newInbox() *inbox {
	in := &inbox{buffers: make([]byte, inboxSize*messageSize), bursts: make([]dataplane.Burst, 0, inboxSize)}
	for i := range in.messages {
		m, s := &in.messages[i], &in.slots[i]
		s.iov[0].Base = &in.buffers[i*messageSize]
		s.iov[0].SetLen(messageSize)
		m.hdr.Iov, m.hdr.Iovlen = &s.iov[0], 1
		m.hdr.Name = (*byte)(unsafe.Pointer(&s.name))
		m.hdr.Control = &s.control[0]
		in.arm(i)
	}
	return in
}

// arm makes message i ready for the kernel again.
func (in *inbox) arm(i int) {
	h := &in.messages[i].hdr
	h.Namelen = unix.SizeofSockaddrInet6
	h.SetControllen(controlSize)
	h.Flags = 0
}

// receive reads one batch without waiting and reports whether there may be more.
func (w *worker) receive(s *socket, in *inbox, h *Handlers) (more bool) {
	most := s.batch
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&in.messages[0])), uintptr(most), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return w.receiveFailed(errno)
	}
	s.batch = in.nextBatch(int(n))
	for i := range int(n) {
		w.take(s, in, i, h)
		in.arm(i)
	}
	w.deliver(in, h)
	return int(n) == most
}

// nextBatch says how many messages the next batch is to have, after one of n: as many of their mean length as batchOctets are.
func (in *inbox) nextBatch(n int) int {
	octets := 1
	for i := range n {
		octets += int(in.messages[i].n)
	}
	return min(max(n*batchOctets/octets, 1), inboxSize)
}

// receiveFailed counts an error of the socket. Those that ICMP caused are behind us once they were reported.
func (w *worker) receiveFailed(errno syscall.Errno) (more bool) {
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return false
	}
	w.counters.add(ReceiveFailed, 1)
	return false
}

// take sorts the packets of message i.
func (w *worker) take(s *socket, in *inbox, i int, h *Handlers) {
	m, sl := &in.messages[i], &in.slots[i]
	if m.hdr.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		w.counters.add(DropTruncated, 1)
		return
	}
	from, ok := getName(&sl.name, m.hdr.Namelen)
	c := getControl(sl.control[:m.hdr.Controllen])
	if lost := c.lost - s.lost; c.lost != 0 && lost != 0 { // the kernel says nothing before the first
		w.counters.add(ReceiveOverflow, int(lost))
		s.lost = c.lost
	}
	if !ok || !c.local.IsValid() {
		w.counters.add(DropUnaddressed, 1)
		return
	}
	b := dataplane.Burst{
		Path:    dataplane.Path{Local: netip.AddrPortFrom(c.local, s.bound.Port()), Remote: from},
		Data:    in.buffers[i*messageSize:][:m.n],
		Segment: c.segment,
		TOS:     c.tos,
	}
	if s.role == roleRaw {
		b.Path.Transport = dataplane.TransportRaw
		b.Data = withoutHeader(b.Data, s.v6())
	}
	w.sort(s.role, b, in, h)
}

// withoutHeader cuts off the IPv4 header that raw sockets deliver; IPv6 ones do not.
func withoutHeader(p []byte, v6 bool) []byte {
	if v6 || len(p) == 0 {
		return p
	}
	return p[min(len(p), int(p[0]&15)*4):]
}

// sort tells the packets of one message apart. Runs of ESP stay together.
func (w *worker) sort(r role, b dataplane.Burst, in *inbox, h *Handlers) {
	if len(b.Data) == 0 {
		w.counters.add(DropEmpty, 1)
		return
	}
	run := b
	run.Data = nil
	esp := 0
	for p, ok := b.Next(); ok; p, ok = b.Next() {
		reason := classify(r, p)
		if reason == ReceivedESP {
			run.Data = join(run.Data, p)
			esp++
			continue
		}
		in.close(&run)
		w.other(reason, r, &b.Path, p, h)
	}
	in.close(&run)
	w.counters.add(ReceivedESP, esp)
}

// join extends run by the packet behind it.
func join(run, p []byte) []byte {
	if len(run) == 0 {
		return p
	}
	return unsafe.Slice(&run[0], len(run)+len(p))
}

// close ends a run of ESP packets.
func (in *inbox) close(run *dataplane.Burst) {
	if len(run.Data) > 0 {
		in.bursts = append(in.bursts, *run)
		run.Data = nil
	}
}

// other counts what is not ESP, and hands over IKE.
func (w *worker) other(reason Reason, r role, path *dataplane.Path, p []byte, h *Handlers) {
	w.counters.add(reason, 1)
	if reason != ReceivedIKE {
		return
	}
	if r == roleNAT {
		p = p[markerLen:]
	}
	if h.IKE == nil {
		w.counters.add(DropUnhandled, 1)
		return
	}
	h.IKE(*path, p)
}

// deliver hands over the batch's ESP.
func (w *worker) deliver(in *inbox, h *Handlers) {
	switch {
	case len(in.bursts) == 0:
	case h.ESP == nil:
		for i := range in.bursts {
			w.counters.add(DropUnhandled, in.bursts[i].Count())
		}
	default:
		h.ESP(w.index, in.bursts)
	}
	in.bursts = in.bursts[:0]
}

// receiveErrors empties the socket's queue of ICMP errors, within bounds.
func (w *worker) receiveErrors(s *socket, in *inbox, h *Handlers) {
	for range errorBatch {
		m, sl := &in.messages[0], &in.slots[0]
		n, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&m.hdr)), unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if errno != 0 {
			w.receiveFailed(errno)
			in.arm(0)
			break
		}
		to, ok := getName(&sl.name, m.hdr.Namelen)
		c := getControl(sl.control[:m.hdr.Controllen])
		in.arm(0)
		if ok && c.failure != nil {
			w.failure(s.role, to.Port(), dataplane.TooBig{Local: c.local, Remote: to.Addr(), Quote: in.buffers[:n]}, c.failure, h)
		}
	}
	// What the queue held may be pending as an error of the socket too, and would be reported once more.
	_, _ = unix.GetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_ERROR)
}

// failure handles an error that the kernel reports about a packet of ours to a port. told holds what it says about the packet.
func (w *worker) failure(r role, port uint16, told dataplane.TooBig, e *unix.SockExtendedErr, h *Handlers) {
	if reason := syscall.Errno(e.Errno); reason != unix.EMSGSIZE {
		w.counters.add(UnreachableNotice, 1)
		if h.Unreachable != nil {
			h.Unreachable(netip.AddrPortFrom(told.Remote, port), reason)
		}
		return
	}
	w.counters.add(TooBigNotice, 1)
	if h.MTU == nil || e.Info > messageSize {
		return
	}
	if r == roleIKE { // the quotation is of IKE, and says nothing about ESP
		told.Quote = nil
	}
	told.MTU, told.Own = int(e.Info), e.Origin == unix.SO_EE_ORIGIN_LOCAL
	h.MTU(told)
}
