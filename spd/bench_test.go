package spd

import (
	"fmt"
	"net/netip"
	"testing"
)

// clients is a gateway's SPD: one policy for each of n clients with an address of its own, and one for each of n/10 sites.
func clients(t testing.TB, n int) *Database[int] {
	t.Helper()
	var d *Database[int]
	local := []Selector{Prefix(netip.MustParsePrefix("10.0.0.0/8"))}
	add := func(remote Selector) {
		var err error
		if d, err = d.With(Policy{ID: uint32(d.Len() + 1), Action: Protect, Selectors: Selectors{Local: local, Remote: []Selector{remote}}}, 0); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		add(Host(client(i)))
		if i%10 == 0 {
			add(Prefix(netip.PrefixFrom(netip.AddrFrom4([4]byte{172, byte(16 + i/10>>8), byte(i / 10), 0}), 24)))
		}
	}
	return d
}

func client(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{100, byte(64 + i>>16), byte(i >> 8), byte(i)})
}

func flowTo(i int) Flow {
	return Flow{Source: netip.AddrFrom4([4]byte{10, 1, 2, 3}), Destination: client(i), Protocol: 6, SourcePort: 443, DestinationPort: 50000}
}

func TestLookupAndParsingDoNotAllocate(t *testing.T) {
	d, c := clients(t, 100), NewCache[int](16)
	pkt := ipv4Packet(t, 6, 40)
	table := NewFragmentTable(16)
	if n := testing.AllocsPerRun(100, func() {
		f, i, err := ParseFlow(pkt)
		if err != nil {
			t.Fatal(err)
		}
		table.Resolve(f, i, epoch())
		d.Outbound(flowTo(7))
		d.Inbound(flowTo(7).Reverse())
		c.Outbound(d, flowTo(9))
		ReturnFlow(pkt, f, i)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLookupVisitsFewNodes(t *testing.T) {
	d := clients(t, 1<<16)
	for _, i := range []int{0, 1, 77, 1<<16 - 1} {
		f := flowTo(i)
		visited := 0
		w := d.v4.along(number(f.Destination), 32)
		for w.next() != nil {
			visited++
		}
		if e := d.Outbound(f); e == nil || visited != 1 {
			t.Errorf("client %d: %d prefixes visited, found %v", i, visited, e)
		}
	}
}

func BenchmarkOutbound(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		d := clients(b, n)
		b.Run(fmt.Sprint(d.Len()), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if d.Outbound(flowTo(i*7919%n)) == nil {
					b.Fatal("no policy")
				}
			}
		})
	}
}

func BenchmarkCachedOutbound(b *testing.B) {
	d, c := clients(b, 100_000), NewCache[int](1024)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if c.Outbound(d, flowTo(i%64)) == nil {
			b.Fatal("no policy")
		}
	}
}

func BenchmarkWith(b *testing.B) {
	d := clients(b, 100_000)
	p := Policy{ID: 1 << 30, Selectors: Selectors{Local: []Selector{Prefix(netip.MustParsePrefix("10.0.0.0/8"))}, Remote: []Selector{Host(client(1<<17 + 5))}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.With(p, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseFlow(b *testing.B) {
	pkt := ipv4Packet(b, 6, 1400)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := ParseFlow(pkt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	p := append([]byte{0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1, 0x10, 0, 0, 53, 0, 20, 0, 0}, make([]byte, 12)...)
	var f Flow
	var i PacketInfo
	b.ReportAllocs()
	for b.Loop() {
		if err := Parse(p, &f, &i); err != nil {
			b.Fatal(err)
		}
	}
}
