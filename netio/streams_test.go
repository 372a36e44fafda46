package netio

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"culvert/dataplane"
)

// newGate is an end that accepts streams on a port of the kernel's choice.
func newGate(t testing.TB, address string) (*end, netip.AddrPort) {
	t.Helper()
	a := netip.MustParseAddr(address)
	l, err := Listen(Config{Addresses: []netip.Addr{a}, TCPPorts: []uint16{0}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &end{Listener: l, t: t, ike: make(chan arrival, 1000), esp: make(chan arrival, 1000)}, netip.AddrPortFrom(a, l.TCPPorts()[0])
}

// dial opens a stream and keeps it.
func (e *end) dial(to netip.AddrPort) dataplane.Path {
	e.t.Helper()
	path, err := e.Dial(context.Background(), to.Addr(), to)
	if err != nil {
		e.t.Fatal(err)
	}
	e.KeepStream(path)
	return path
}

// back is the path as the other end sees it.
func back(p dataplane.Path) dataplane.Path {
	p.Local, p.Remote = p.Remote, p.Local
	return p
}

// knock is a peer that we write by hand.
func knock(t testing.TB, to netip.AddrPort, stream []byte) net.Conn {
	t.Helper()
	return knockFrom(t, nil, to, stream)
}

// knockFrom is knock from an address of our choice.
func knockFrom(t testing.TB, from net.Addr, to netip.AddrPort, stream []byte) net.Conn {
	t.Helper()
	c, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := c.Write(stream); err != nil {
		t.Fatal(err)
	}
	return c
}

func pathOf(c net.Conn) dataplane.Path {
	return dataplane.Path{Local: c.RemoteAddr().(*net.TCPAddr).AddrPort(), Remote: c.LocalAddr().(*net.TCPAddr).AddrPort(), Transport: dataplane.TransportTCP}
}

// ended waits until the other side has closed.
func ended(t testing.TB, c net.Conn) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, c); err != nil && err.(net.Error).Timeout() {
		t.Fatal("the stream is still there")
	}
}

func TestStreamsCarryIKEAndESPBothWays(t *testing.T) {
	for _, address := range []string{"127.0.0.1", "::1"} {
		gate, at := newGate(t, address)
		gate.start()
		client := newEnd(t, address).start()
		path := client.dial(at)
		if err := client.SendIKE(path, ikeMessage(3000)); err != nil {
			t.Fatal(err)
		}
		got := await(t, gate.ike)
		if got.path != back(path) || !bytes.Equal(got.data, ikeMessage(3000)) {
			t.Fatalf("%d octets along %+v, sent along %+v", len(got.data), got.path, path)
		}
		if err := gate.SendIKE(got.path, ikeMessage(28)); err != nil {
			t.Fatal(err)
		}
		if answer := await(t, client.ike); answer.path != path {
			t.Fatalf("answer along %+v", answer.path)
		}
		sent := append(espPackets(150, 1000), espPackets(1, 60)...)
		client.SendESP([]dataplane.Burst{{Path: path, Data: sent, Segment: 1000}})
		for ; len(sent) > 0; sent = sent[min(1000, len(sent)):] {
			if got := await(t, gate.esp); !bytes.Equal(got.data, sent[:min(1000, len(sent))]) || got.path != back(path) {
				t.Fatalf("%d octets instead of %d", len(got.data), min(1000, len(sent)))
			}
		}
	}
}

func TestAStreamEndsWhenEverythingIsSent(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	gate.start()
	client := newEnd(t, "127.0.0.1")
	closed := make(chan dataplane.Path, 1)
	client.Start(Handlers{Stream: func(p dataplane.Path) { closed <- p }})
	path := client.dial(at)
	for range 20 {
		if err := client.SendIKE(path, ikeMessage(16000)); err != nil {
			t.Fatal(err)
		}
	}
	client.CloseStream(path, 0)
	for range 20 {
		await(t, gate.ike)
	}
	if p := await(t, closed); p != path {
		t.Errorf("%+v ended", p)
	}
	if err := client.SendIKE(path, ikeMessage(28)); err == nil {
		t.Error("sent in a stream that is closed")
	}
}

func TestAPeerThatDoesNotReadStopsNobodyAndLosesESPOnly(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	gate.start()
	lazy := knock(t, at, framed(string(append(make([]byte, markerLen), ikeMessage(28)...))))
	path := await(t, gate.ike).path
	gate.KeepStream(path)
	const packets = 20000
	for i := range packets / 50 {
		burst := espPackets(50, 1000)
		for j := range 50 {
			binary.BigEndian.PutUint32(burst[j*1000+4:], uint32(i*50+j))
		}
		gate.SendESP([]dataplane.Burst{{Path: path, Data: burst, Segment: 1000}})
	}
	for range 5 {
		if err := gate.SendIKE(path, ikeMessage(20000)); err != nil {
			t.Fatal(err)
		}
	}
	sent, lost := gate.Counts()[SentESP], gate.Counts()[SendNoBuffer]
	if sent+lost != packets || lost == 0 {
		t.Fatalf("%d sent, %d lost", sent, lost)
	}
	esp, ike := readFrames(t, lazy, int(sent)+5)
	if esp != int(sent) || ike != 5 {
		t.Errorf("%d of %d packets and %d of 5 messages arrive", esp, sent, ike)
	}
}

// readFrames reads n frames and checks that they are whole and in order.
func readFrames(t *testing.T, c net.Conn, n int) (esp, ike int) {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	last := -1
	for range n {
		var length [lengthLen]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			t.Fatal(err)
		}
		m := make([]byte, binary.BigEndian.Uint16(length[:])-lengthLen)
		if _, err := io.ReadFull(c, m); err != nil {
			t.Fatal(err)
		}
		if binary.BigEndian.Uint32(m) == 0 {
			ike++
			continue
		}
		number := int(binary.BigEndian.Uint32(m[4:]))
		if number <= last || len(m) != 1000 {
			t.Fatalf("packet %d of %d octets behind %d", number, len(m), last)
		}
		last = number
		esp++
	}
	return esp, ike
}

func TestStreamsOfHostilePeersEnd(t *testing.T) {
	stray := bytes.Repeat(appendFrame(nil, nil, []byte{0, 0, 0, 99, 1, 2, 3, 4}, 0), maxDoubts)
	tests := []struct {
		name   string
		stream []byte
		why    Reason
	}{
		{"another protocol", []byte("GET / HTTP/1.1\r\n\r\n"), DropStreamPrefix},
		{"a message of length 0", append(framed(), 0, 0), DropStreamLength},
		{"a message of length 1", append(framed(), 0, 1), DropStreamLength},
		{"nothing but nonsense", append(framed(), stray...), StreamClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			gate, at := newGate(t, "127.0.0.1")
			gate.start()
			ended(t, knock(t, at, tt.stream))
			gate.awaitCount(tt.why, 1)
		})
	}
}

func TestKeepalivesAndALittleNonsenseAreIgnored(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	gate.start()
	stray := bytes.Repeat(appendFrame(nil, nil, []byte{1}, 0), maxDoubts-1)
	c := knock(t, at, append(framed("\xff", "", "\xff"), stray...))
	if _, err := c.Write(appendFrame(nil, make([]byte, markerLen), ikeMessage(28), 0)); err != nil {
		t.Fatal(err)
	}
	await(t, gate.ike)
	if got := gate.Counts()[ReceivedKeepalive]; got != 2 {
		t.Errorf("%d keepalives", got)
	}
}

func TestStreamsThatTheEngineDoubtsEnd(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	gate.start()
	c := knock(t, at, framed())
	gate.awaitCount(StreamOpened, 1)
	for range maxDoubts {
		gate.DoubtStream(pathOf(c))
	}
	ended(t, c)
}

// What follows plays the Listener's thread, and so the clock.

func TestStreamsThatNobodyKeepsEndSoon(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	slow, kept, left := knock(t, at, []byte("IKET")), knock(t, at, framed()), knock(t, at, framed())
	gate.admitAll(3)
	gate.KeepStream(pathOf(kept))
	gate.KeepStream(pathOf(left))
	gate.CloseStream(pathOf(left), time.Minute)
	gate.streams.sweep(time.Now().Add(unkeptTime/2), &Handlers{})
	if n := len(gate.streams.byFD); n != 3 {
		t.Fatalf("%d streams after half the time", n)
	}
	gate.streams.sweep(time.Now().Add(unkeptTime+time.Second), &Handlers{})
	ended(t, slow)
	gate.streams.sweep(time.Now().Add(2*time.Minute), &Handlers{})
	ended(t, left)
	if gate.streams.find(new(pathOf(kept))) == nil || len(gate.streams.byFD) != 1 || len(gate.streams.unkept.from) != 0 {
		t.Errorf("%d streams, %d networks", len(gate.streams.byFD), len(gate.streams.unkept.from))
	}
}

// admitAll accepts streams on the test's goroutine.
func (e *end) admitAll(n int) {
	e.t.Helper()
	for deadline := time.Now().Add(patience); e.Counts()[StreamOpened]+e.Counts()[DropStreamLimit] < uint64(n); time.Sleep(time.Millisecond) {
		e.streams.serve(&Handlers{})
		if time.Now().After(deadline) {
			e.t.Fatalf("%d streams", e.Counts()[StreamOpened])
		}
	}
}

// A peer goes to the next stream with every message. What it leaves behind is bounded.
func TestStreamsThatWereLeftAreFew(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	var conns []net.Conn
	for i := range maxLeftPrefix + 3 {
		conns = append(conns, knock(t, at, framed()))
		gate.admitAll(i + 1)
		gate.KeepStream(pathOf(conns[i]))
		if i > 0 {
			gate.CloseStream(pathOf(conns[i-1]), time.Minute)
		}
	}
	for deadline := time.Now().Add(patience); len(gate.streams.byFD) > maxLeftPrefix+1 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		gate.streams.serve(&Handlers{})
	}
	if n := len(gate.streams.byFD); n != maxLeftPrefix+1 {
		t.Errorf("%d streams of one peer", n)
	}
	if gate.streams.find(new(pathOf(conns[len(conns)-1]))) == nil || gate.streams.find(new(pathOf(conns[0]))) == nil {
		t.Error("the one in use, or one that was left before there were many, is gone")
	}
}

func TestAStreamFromTheSamePortOutlivesTheOneBefore(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	// The port stays free on an address that no other program of the machine has.
	old := knockFrom(t, &net.TCPAddr{IP: net.IPv4(127, 47, 11, 8)}, at, framed()).(*net.TCPConn)
	gate.admitAll(1)
	first := gate.streams.find(new(pathOf(old)))
	_ = old.SetLinger(0) // a reset leaves the port free
	old.Close()
	again := knockFrom(t, old.LocalAddr(), at, nil)
	for deadline := time.Now().Add(patience); gate.Counts()[StreamOpened] < 2 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		gate.streams.accept(gate.streams.doors[0].fd) // it is seen before the reset
	}
	gate.streams.end(first, StreamClosed, &Handlers{})
	if s := gate.streams.find(new(pathOf(again))); s == nil || s == first {
		t.Error("nothing can be sent in the new stream")
	}
}

func TestOneNetworkCannotHaveAllStreams(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	var conns []net.Conn
	for range maxUnkeptPrefix + 3 {
		conns = append(conns, knock(t, at, nil))
	}
	gate.admitAll(len(conns))
	if opened, refused := gate.Counts()[StreamOpened], gate.Counts()[DropStreamLimit]; opened != maxUnkeptPrefix || refused != 3 {
		t.Fatalf("%d opened, %d refused", opened, refused)
	}
	gate.KeepStream(pathOf(conns[0])) // one that is kept does not count
	late := knock(t, at, nil)
	gate.admitAll(len(conns) + 1)
	if gate.streams.find(new(pathOf(late))) == nil {
		t.Error("there was no room for one more")
	}
}

func TestSendingInStreamsDoesNotAllocate(t *testing.T) {
	gate, at := newGate(t, "127.0.0.1")
	gate.start()
	sink := knock(t, at, framed(string(append(make([]byte, markerLen), ikeMessage(28)...))))
	path := await(t, gate.ike).path
	gate.KeepStream(path)
	go io.Copy(io.Discard, sink)
	bursts := []dataplane.Burst{{Path: path, Data: espPackets(64, 1400), Segment: 1400}}
	gate.SendESP(bursts)
	if n := testing.AllocsPerRun(100, func() { gate.SendESP(bursts) }); n > 0.5 { // the queue grows once or twice
		t.Errorf("%v allocations for a burst", n)
	}
}

func TestReceivingFromStreamsDoesNotAllocate(t *testing.T) {
	d := deframer{}
	stream := bytes.Repeat(appendFrame(nil, nil, espPackets(1, 1400), 0), 100)
	buffer := make([]byte, streamBuffer)
	found := 0
	feed := func(piece []byte) {
		at := d.resume(buffer)
		_ = d.cut(buffer[:at+copy(buffer[at:], piece)], func([]byte) { found++ })
	}
	n := testing.AllocsPerRun(100, func() {
		feed(stream[:70000])
		feed(stream[70000:])
	})
	if n > 0.2 || found != 101*100 {
		t.Errorf("%v allocations, %d messages", n, found)
	}
}
