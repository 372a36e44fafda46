package soak_test

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"culvert/interop/lab"
)

// A flow is where a stream goes, and what it is made of.
type flow struct {
	name     string
	from, to *lab.Host
	src, dst netip.Addr
	round    []netip.Addr // where the bursts go in turn, if not all to dst
	size     int          // octets of a datagram
	window   int          // datagrams on their way at most
}

// A stream sends numbered datagrams as fast as they arrive: no more than a window of them is on its way, so that no queue
// of the hosts overflows and whatever is missing was lost by the tunnel.
type stream struct {
	flow
	out, in *net.UDPConn
	to      netip.AddrPort

	sent    uint64        // next number; of the sender, until done is closed
	refused uint64        // likewise
	turn    int           // likewise, in round
	arrived atomic.Uint64 // one more than the highest number that arrived
	count   atomic.Uint64 // datagrams that arrived
	credit  chan struct{} // has one when something arrived
	stop    chan struct{} // closed: send no more
	done    chan struct{} // closed: nothing more is sent

	tally    tally // of the receiver, until read is closed
	read     chan struct{}
	began    time.Time
	duration time.Duration
}

// streamPort is the first port that streams use; burst is how many datagrams are handed to the host in one call; stalled is
// how long nothing may arrive before another datagram is sent without credit; ecnCapable is a traffic class that may be marked.
const (
	streamPort = 9000
	burst      = 16
	stalled    = 10 * time.Millisecond
	ecnCapable = 2 // ECT(0)
)

// startStream begins to send; n tells the streams of a scene apart.
func startStream(t testing.TB, f flow, n int) *stream {
	t.Helper()
	s := &stream{
		flow: f, to: netip.AddrPortFrom(f.dst, uint16(streamPort+n)), began: time.Now(),
		credit: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), read: make(chan struct{}),
	}
	s.out, s.in = f.from.ListenUDP(netip.AddrPortFrom(f.src, uint16(streamPort+n))), f.to.ListenUDP(s.to)
	t.Cleanup(func() { _, _ = s.out.Close(), s.in.Close() })
	// What is written at once is cut into datagrams; those that arrive are read many at a time, and find far more room
	// than any window takes.
	set(t, s.out, unix.SOL_UDP, unix.UDP_SEGMENT, s.size)
	s.understandsMarks(t)
	set(t, s.in, unix.SOL_UDP, unix.UDP_GRO, 1)
	set(t, s.in, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20)
	go s.send()
	go s.receive()
	return s
}

// understandsMarks has what is sent take marks of congestion for losses (RFC 3168, Section 5): on a machine that does not keep up
// packets stand in the tunnel, which tells the sender so by dropping one where it may not mark it (RFC 8289).
func (s *stream) understandsMarks(t testing.TB) {
	t.Helper()
	level, option := unix.IPPROTO_IP, unix.IP_TOS
	if s.src.Is6() {
		level, option = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
	}
	set(t, s.out, level, option, ecnCapable)
}

// set gives an option to a socket.
func set(t testing.TB, c *net.UDPConn, level, option, value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), level, option, value) })
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
}

func (s *stream) send() {
	defer close(s.done)
	buf := make([]byte, burst*s.size)
	for !s.stopped() {
		n := burst
		if int(s.sent-s.arrived.Load()) > s.window-burst && !s.awaitCredit() {
			n = 1
		}
		for i := range n {
			write(buf[i*s.size:][:s.size], s.sent+uint64(i))
		}
		if _, err := s.out.WriteToUDPAddrPort(buf[:n*s.size], s.target()); err != nil {
			s.refused += uint64(n)
			time.Sleep(stalled)
			continue
		}
		s.sent += uint64(n)
	}
}

// target is where the next burst goes.
func (s *stream) target() netip.AddrPort {
	if len(s.round) == 0 {
		return s.to
	}
	s.turn = (s.turn + 1) % len(s.round)
	return netip.AddrPortFrom(s.round[s.turn], s.to.Port())
}

func (s *stream) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// awaitCredit waits until the window has room, and tells whether that was in time.
func (s *stream) awaitCredit() bool {
	timer := time.NewTimer(stalled)
	defer timer.Stop()
	for int(s.sent-s.arrived.Load()) > s.window-burst {
		select {
		case <-s.credit:
		case <-timer.C:
			return false
		}
	}
	return true
}

// receive counts until the socket is closed.
func (s *stream) receive() {
	defer close(s.read)
	buf, control := make([]byte, 1<<16), make([]byte, 256)
	for {
		n, m, _, _, err := s.in.ReadMsgUDPAddrPort(buf, control)
		if err != nil {
			return
		}
		now, size := time.Now(), segmentOf(control[:m], n)
		for at := 0; at < n; at += size {
			s.tally.note(now, buf[at:min(at+size, n)])
		}
		s.arrived.Store(s.tally.next)
		s.count.Store(s.tally.delivered)
		select {
		case s.credit <- struct{}{}:
		default:
		}
	}
}

// segmentOf returns the size of the datagrams that arrived together, which the control message tells.
func segmentOf(control []byte, whole int) int {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return whole
	}
	for _, m := range messages {
		if m.Header.Level == unix.SOL_UDP && m.Header.Type == unix.UDP_GRO && len(m.Data) >= 4 {
			return max(1, int(binary.NativeEndian.Uint32(m.Data)))
		}
	}
	return max(1, whole)
}

// await waits until some more datagrams have arrived, or for the time given in vain.
func (s *stream) await(more uint64, patience time.Duration) bool {
	end := time.Now().Add(patience)
	for goal := s.count.Load() + more; s.count.Load() < goal; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// halt ends the sending.
func (s *stream) halt() {
	close(s.stop)
	<-s.done
	s.duration = time.Since(s.began)
}

// finish waits for what is still on its way, as long as anything comes, and returns what became of the stream.
func (s *stream) finish() result {
	for s.count.Load() < s.sent && s.await(1, time.Second) {
		continue
	}
	_, _ = s.out.Close(), s.in.Close()
	<-s.read
	return result{
		name: s.name, sent: s.sent, delivered: s.tally.delivered, reordered: s.tally.reordered, duplicated: s.tally.duplicated,
		damaged: s.tally.damaged, refused: s.refused, silence: s.tally.silence, took: s.duration,
	}
}
