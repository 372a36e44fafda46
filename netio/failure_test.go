package netio

import (
	"bytes"
	"net/netip"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// natSocket is the end's socket for NAT traversal.
func (e *end) natSocket() *socket {
	for _, s := range e.sockets {
		if s.role == roleNAT {
			return s
		}
	}
	e.t.Fatal("no socket")
	return nil
}

func TestRefusedSegmentationFallsBackToSinglePackets(t *testing.T) {
	tests := []struct {
		errno   syscall.Errno
		lost    bool // for good
		arrives int
		counted Reason
	}{
		{unix.EIO, true, 21, SegmentationLost},
		{unix.EINVAL, false, 21, SentESP},
		{unix.EMSGSIZE, false, 21, SentESP},
		{unix.ENOBUFS, false, 0, SendNoBuffer},
	}
	for _, tt := range tests {
		one, two := newEnd(t, "127.0.0.1"), newEnd(t, "127.0.0.1").start()
		s, data := one.natSocket(), append(espPackets(20, 1000), espPackets(1, 60)...)
		if !s.segment {
			t.Log("no UDP_SEGMENT")
			return
		}
		p := one.to(two, "127.0.0.1", roleNAT)
		s.mu.Lock()
		s.queue(&dataplane.Burst{Path: p, TOS: 2}, data, 1000, 21, &one.counters)
		s.fail(0, tt.errno, &one.counters)
		s.out.clear()
		s.mu.Unlock()
		if s.segment == tt.lost {
			t.Errorf("%v: segmentation still in use: %v", tt.errno, s.segment)
		}
		for n := range tt.arrives {
			got := await(t, two.esp)
			if want := data[n*1000:][:min(1000, len(data)-n*1000)]; !bytes.Equal(got.data, want) || got.tos != 2 {
				t.Fatalf("%v: packet %d: %d octets, TOS %#x", tt.errno, n, len(got.data), got.tos)
			}
		}
		if c := one.Counts(); c[SentESP] != uint64(tt.arrives) || c[tt.counted] == 0 {
			t.Errorf("%v: counts %v", tt.errno, c)
		}
	}
}

func TestSendErrorsHaveReasons(t *testing.T) {
	for errno, want := range map[syscall.Errno]Reason{
		unix.EMSGSIZE: SendTooBig, unix.ENOBUFS: SendNoBuffer, unix.EAGAIN: SendNoBuffer, unix.EPERM: SendForbidden,
		unix.EACCES: SendForbidden, unix.ENETUNREACH: SendUnreachable, unix.EHOSTUNREACH: SendUnreachable,
		unix.ENETDOWN: SendUnreachable, unix.EADDRNOTAVAIL: SendNoAddress, unix.EINVAL: SendNoAddress, unix.ENODEV: SendNoAddress,
		unix.EBADF: SendClosed, unix.EFAULT: SendFailed,
	} {
		if got := sendReason(errno); got != want {
			t.Errorf("%v: got %v, want %v", errno, got, want)
		}
	}
	if staleness(0) != 0 || staleness(unix.ENOBUFS) != 0 || staleness(unix.ECONNREFUSED) < 2 || staleness(unix.EMSGSIZE) == 0 {
		t.Error("staleness repeats the wrong sends")
	}
}

func TestUnusableMessagesAreCounted(t *testing.T) {
	e := newEnd(t, "127.0.0.1")
	s, in := e.natSocket(), newInbox()
	h := &Handlers{IKE: func(dataplane.Path, []byte) { t.Error("reached a handler") }, ESP: func(int, []dataplane.Burst) { t.Error("reached a handler") }}
	fill := func() *mmsghdr {
		in.arm(0)
		m := &in.messages[0]
		m.hdr.Namelen = putName(&in.slots[0].name, e.at("127.0.0.1", roleNAT))
		m.hdr.SetControllen(putControl(&in.slots[0].control, false, netip.MustParseAddr("127.0.0.1"), 0, 0))
		m.n = 100
		return m
	}
	fill().hdr.Flags = unix.MSG_TRUNC
	e.workers[0].take(s, in, 0, h)
	fill().hdr.Namelen = 0
	e.workers[0].take(s, in, 0, h)
	fill().hdr.SetControllen(0)
	e.workers[0].take(s, in, 0, h)
	fill().n = 0
	e.workers[0].take(s, in, 0, h)
	e.workers[0].deliver(in, h)
	if c := e.Counts(); c[DropTruncated] != 1 || c[DropUnaddressed] != 2 || c[DropEmpty] != 1 {
		t.Errorf("counts %v", c)
	}
}

func TestReceiveErrorsAreCounted(t *testing.T) {
	l := &worker{Listener: &Listener{}}
	l.workers = append(l.workers, l)
	for _, errno := range []syscall.Errno{unix.EAGAIN, unix.EINTR, unix.ENETDOWN} {
		if l.receiveFailed(errno) {
			t.Errorf("%v: more is expected", errno)
		}
	}
	if c := l.Counts(); c[ReceiveFailed] != 1 {
		t.Errorf("counted %d", c[ReceiveFailed])
	}
}

func TestOnlyPlausibleMTUsAreTold(t *testing.T) {
	var told []dataplane.TooBig
	l, h := &worker{Listener: &Listener{}}, &Handlers{MTU: func(m dataplane.TooBig) { told = append(told, m) }}
	l.workers = append(l.workers, l)
	about := dataplane.TooBig{Remote: netip.MustParseAddr("192.0.2.1"), Quote: []byte{1, 2, 3, 4}}
	for _, e := range []unix.SockExtendedErr{
		{Errno: uint32(unix.EMSGSIZE), Info: 1300, Origin: unix.SO_EE_ORIGIN_LOCAL}, {Errno: uint32(unix.EMSGSIZE), Origin: unix.SO_EE_ORIGIN_ICMP},
		{Errno: uint32(unix.EMSGSIZE), Info: 1 << 20}, {Errno: uint32(unix.ECONNREFUSED), Info: 1300},
	} {
		l.failure(roleNAT, 4500, about, &e, h)
	}
	l.failure(roleIKE, 500, about, &unix.SockExtendedErr{Errno: uint32(unix.EMSGSIZE), Info: 1300}, h)
	l.failure(roleRaw, 0, about, &unix.SockExtendedErr{Errno: uint32(unix.EMSGSIZE), Info: 1300}, &Handlers{})
	var refused netip.AddrPort
	h.Unreachable = func(remote netip.AddrPort, reason syscall.Errno) {
		if reason == unix.ECONNREFUSED {
			refused = remote
		}
	}
	l.failure(roleIKE, 500, about, &unix.SockExtendedErr{Errno: uint32(unix.ECONNREFUSED)}, h)
	if refused != netip.AddrPortFrom(about.Remote, 500) {
		t.Errorf("refused is %v", refused)
	}
	if c := l.Counts(); len(told) != 3 || c[TooBigNotice] != 5 || c[UnreachableNotice] != 2 {
		t.Fatalf("told %+v; counts %v", told, c)
	}
	if m := told[0]; m.MTU != 1300 || !m.Own || len(m.Quote) != 4 || m.Remote != about.Remote {
		t.Errorf("our own host's word came as %+v", m)
	}
	if m := told[1]; m.MTU != 0 || m.Own {
		t.Errorf("the word of a router that names no MTU came as %+v", m)
	}
	if m := told[2]; m.Quote != nil {
		t.Errorf("an error about IKE quotes ESP: %+v", m)
	}
}

func TestFindPrefersTheRightSocket(t *testing.T) {
	e := newEnd(t, "127.0.0.1", "127.0.0.2", "::1")
	addr := netip.MustParseAddr
	for _, tt := range []struct {
		local, remote netip.Addr
		want          string
	}{
		{addr("127.0.0.2"), addr("127.0.0.9"), "127.0.0.2"}, {addr("::1"), addr("::1"), "::1"},
		{netip.Addr{}, addr("127.0.0.9"), "127.0.0.1"}, {addr("127.0.0.3"), addr("127.0.0.9"), ""}, {addr("127.0.0.1"), addr("::1"), ""},
	} {
		got := ""
		if s := e.workers[0].find(roleNAT, tt.local, tt.remote); s != nil {
			got = s.bound.Addr().String()
		}
		if got != tt.want {
			t.Errorf("from %v to %v: %q, want %q", tt.local, tt.remote, got, tt.want)
		}
	}
}

func BenchmarkSendAndReceive(b *testing.B) {
	one, two := newEnd(b, "127.0.0.1"), newEnd(b, "127.0.0.1")
	bursts := []dataplane.Burst{{Path: one.to(two, "127.0.0.1", roleNAT), Data: espPackets(44, 1400), Segment: 1400}}
	in, packets := newInbox(), 0
	h := &Handlers{ESP: func(_ int, bursts []dataplane.Burst) {
		for i := range bursts {
			packets += bursts[i].Count()
		}
	}}
	s := two.natSocket()
	b.SetBytes(44 * 1400)
	b.ReportAllocs()
	for b.Loop() {
		one.SendESP(bursts)
		for want := packets + 44; packets < want; {
			two.workers[0].receive(s, in, h)
		}
	}
}
