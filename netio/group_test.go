package netio

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
	"culvert/internal/netnstest"
)

// A landing is a packet of ESP and the worker that it came to.
type landing struct {
	worker int
	spi    uint32
}

// several listens with workers on one address, and tells where ESP lands.
func several(t *testing.T, workers int, raw bool, addresses ...string) (*Listener, chan landing, chan int) {
	t.Helper()
	c := Config{Workers: workers, RawESP: raw}
	for _, a := range addresses {
		c.Addresses = append(c.Addresses, netip.MustParseAddr(a))
	}
	l, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	esp, ike := make(chan landing, 1000), make(chan int, 1000)
	l.Start(Handlers{
		IKE: func(_ dataplane.Path, m []byte) { ike <- len(m) },
		ESP: func(worker int, bursts []dataplane.Burst) {
			for _, b := range bursts {
				for p, ok := b.Next(); ok; p, ok = b.Next() {
					esp <- landing{worker, binary.BigEndian.Uint32(p)}
				}
			}
		},
	})
	return l, esp, ike
}

// packetOf is an ESP packet under an SPI.
func packetOf(spi uint32) []byte {
	p := espPackets(1, 60)
	binary.BigEndian.PutUint32(p, spi)
	return p
}

func TestESPLandsWithTheWorkerOfItsSPI(t *testing.T) {
	const workers, packets = 3, 30
	for _, tt := range []struct {
		address string
		raw     bool
	}{{"127.0.0.1", false}, {"::1", false}, {"127.0.0.1", true}, {"::1", true}} {
		if tt.raw { // such sockets hear the packets of other tests
			netnstest.Enter(t)
		}
		one := newEnd(t, tt.address)
		two, esp, _ := several(t, workers, tt.raw, tt.address)
		_, nat := two.Ports()
		path := dataplane.Path{Local: one.at(tt.address, roleNAT), Remote: netip.AddrPortFrom(netip.MustParseAddr(tt.address), nat)}
		if tt.raw {
			path.Transport = dataplane.TransportRaw
		}
		from := dataplane.Sender(one.Listener)
		if tt.raw {
			from = two.Sender(1)
		}
		for i := range uint32(packets) {
			from.SendESP([]dataplane.Burst{{Path: path, Data: packetOf(dataplane.SteeredSPI | 0x1000_00f0 + i)}})
		}
		var seen []uint32
		for range packets {
			got := await(t, esp)
			if want := int(got.spi & 0xff % workers); got.worker != want {
				t.Errorf("%+v: SPI %08x came to worker %d, want %d", tt, got.spi, got.worker, want)
			}
			seen = append(seen, got.spi)
		}
		slices.Sort(seen)
		if n := len(slices.Compact(seen)); n != packets || len(esp) > 0 {
			t.Errorf("%+v: %d different packets of %d arrived, %d more", tt, n, packets, len(esp))
		}
	}
}

func TestESPThatIsNotSteeredStaysWithOneWorkerForASender(t *testing.T) {
	const workers, senders = 4, 40
	two, esp, _ := several(t, workers, false, "127.0.0.1")
	_, nat := two.Ports()
	used := make(map[int]bool)
	for range senders {
		one := newEnd(t, "127.0.0.1")
		path := dataplane.Path{Local: one.at("127.0.0.1", roleNAT), Remote: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), nat)}
		worker := -1
		for spi := range uint32(6) {
			one.SendESP([]dataplane.Burst{{Path: path, Data: packetOf(0x1000 + spi)}})
			got := await(t, esp)
			if worker >= 0 && got.worker != worker {
				t.Errorf("packets of %v came to workers %d and %d", path.Local, worker, got.worker)
			}
			worker = got.worker
		}
		used[worker] = true
		one.Close()
	}
	if len(used) < 2 {
		t.Errorf("%d senders share %d workers", senders, len(used))
	}
}

func TestIKEArrivesOnceWhateverTheWorkers(t *testing.T) {
	one := newEnd(t, "127.0.0.1")
	two, _, ike := several(t, 4, false, "127.0.0.1")
	ikePort, nat := two.Ports()
	for _, port := range []uint16{ikePort, nat} {
		p := dataplane.Path{Local: one.at("127.0.0.1", roleIKE), Remote: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port)}
		if port == nat {
			p.Local = one.at("127.0.0.1", roleNAT)
		}
		if err := one.SendIKE(p, ikeMessage(300)); err != nil {
			t.Fatal(err)
		}
		if n := await(t, ike); n != 300 {
			t.Errorf("port %d: %d octets", port, n)
		}
	}
	if err := two.Close(); err != nil {
		t.Fatal(err)
	}
	if c := two.Counts(); c[ReceivedIKE] != 2 {
		t.Errorf("counted %d messages", c[ReceivedIKE])
	}
}

func TestPortOfSeveralWorkersIsNotSharedWithOthers(t *testing.T) {
	l, _, _ := several(t, 2, false, "127.0.0.1")
	_, nat := l.Ports()
	for _, workers := range []int{1, 2} {
		other, err := Listen(Config{Addresses: l.config.Addresses, NATPort: nat, Workers: workers})
		if !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("%d workers: got %v, want EADDRINUSE", workers, err)
		}
		if err == nil {
			other.Close()
		}
	}
}

func TestWorkersSendThroughSocketsOfTheirOwn(t *testing.T) {
	two := newEnd(t, "127.0.0.1").start()
	one, _, _ := several(t, 2, false, "127.0.0.1")
	_, nat := one.Ports()
	local := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), nat)
	for worker := range 3 { // there are two
		one.Sender(worker).SendESP([]dataplane.Burst{{Path: dataplane.Path{Local: local, Remote: two.at("127.0.0.1", roleNAT)}, Data: packetOf(0x5000)}})
		if got := await(t, two.esp); got.path.Remote != local {
			t.Errorf("worker %d sends from %v, want %v", worker, got.path.Remote, local)
		}
	}
	if a, b := one.workers[0].counters[SentESP].Load(), one.workers[1].counters[SentESP].Load(); a != 2 || b != 1 {
		t.Errorf("workers sent %d and %d packets", a, b)
	}
}
