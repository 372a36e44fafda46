package spd

import (
	"fmt"
	"slices"
	"testing"
)

// The cases of RFC 4301, Section 4.4.1.3: what a system may send and receive of protocols with one selector field or none.
func TestOneSelectorFieldSaysWhatMayBeSentAndReceived(t *testing.T) {
	echo := func(from, to string) Flow { return flow(from, to, 1, 0x0800, 0x0800) }
	traceroute := func(from, to string) Flow { return flow(from, to, 1, 30<<8, 30<<8) }
	mobility := func(from, to string) Flow { return flow(from, to, 135, 5<<8, 5<<8) }
	ah := func(from, to string) Flow {
		f := flow(from, to, 51, 0, 0)
		f.Opaque = true
		return f
	}
	tests := []struct {
		name          string
		local, remote string
		packet        func(from, to string) Flow
		send, receive bool
	}{
		{"A: no field", "10.1.0.0/16[ah/opaque]", "10.2.0.0/16[ah/opaque]", ah, true, true},
		{"B: both ways", "10.1.0.0/16[mh/5]", "10.2.0.0/16[mh/5]", mobility, true, true},
		{"B: sent, not received", "10.1.0.0/16[mh/5]", "10.2.0.0/16[mh/opaque]", mobility, true, false},
		{"B: received, not sent", "10.1.0.0/16[mh/opaque]", "10.2.0.0/16[mh/5]", mobility, false, true},
		{"C: sent, not received", "10.1.0.0/16[icmp/8(0)]", "10.2.0.0/16[icmp/opaque]", echo, true, false},
		{"D: received, not sent", "10.1.0.0/16[icmp/opaque]", "10.2.0.0/16[icmp/8(0)]", echo, false, true},
		{"the gateway's traceroute", "10.1.0.0/16[icmp/30]", "10.2.0.0/16[icmp/opaque]", traceroute, true, false},
		{"another type", "10.1.0.0/16[icmp/30]", "10.2.0.0/16[icmp/30]", echo, false, false},
	}
	const us, them = "10.1.0.5", "10.2.0.6"
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := Selectors{Local: sels(t, tt.local), Remote: sels(t, tt.remote)}
			if got := s.Outbound(tt.packet(us, them)); got != tt.send {
				t.Errorf("sent: %v, want %v", got, tt.send)
			}
			if got := s.Inbound(tt.packet(them, us)); got != tt.receive {
				t.Errorf("received: %v, want %v", got, tt.receive)
			}
			d := databaseOf(t, Policy{ID: 1, Action: Protect, Selectors: s})
			if got := d.Outbound(tt.packet(us, them)) != nil; got != tt.send {
				t.Errorf("the database: %v, want %v", got, tt.send)
			}
		})
	}
}

// Which policy a fragment belongs to, by the three approaches of RFC 4301, Section 7.
func TestPoliciesOfFragments(t *testing.T) {
	const (
		everything = 1 // 7.1: an SA for all ports
		web        = 2 // an SA for one port
		hidden     = 3 // 7.2: an SA for fragments that are not the first
		telnet     = 4 // 7.4: a bypass for one port
	)
	policies := map[uint32]Policy{
		everything: policy(t, everything, 0, Protect, "192.0.2.0/24", "198.51.100.0/24"),
		web:        policy(t, web, 1, Protect, "192.0.2.0/24[udp]", "198.51.100.0/24[udp/2000]"),
		hidden:     policy(t, hidden, 0, Protect, "192.0.2.0/24[udp/opaque]", "198.51.100.0/24[udp/opaque]"),
		telnet:     policy(t, telnet, 2, Bypass, "192.0.2.0/24[udp]", "198.51.100.0/24[udp/2000]"),
	}
	tests := []struct {
		name        string
		with        []uint32
		first, rest uint32 // policy of the first fragment, and of a later one
		resolved    uint32 // policy of the later one once its ports are known
	}{
		{"7.1: all ports", []uint32{everything}, everything, everything, everything},
		{"a port only: the rest is discarded", []uint32{web}, web, 0, web},
		{"a port, and all ports", []uint32{web, everything}, web, everything, web},
		{"7.2: a separate SA", []uint32{web, hidden}, web, hidden, web},
		{"7.2: hidden ports are narrower than all", []uint32{everything, hidden}, everything, hidden, everything},
		{"7.4: bypass of a port", []uint32{telnet, everything}, telnet, everything, telnet},
	}
	first, firstInfo := parsed(t, fragment4(ipv4Packet(t, 17, 16), 0, true))
	rest, restInfo := parsed(t, fragment4(ipv4Packet(t, 17, 16), 16, false))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var list []Policy
			for _, id := range tt.with {
				list = append(list, policies[id])
			}
			d, table := databaseOf(t, list...), NewFragmentTable(4)
			if got := idOf(d.Outbound(rest)); got != tt.rest {
				t.Errorf("a later fragment alone: policy %d, want %d", got, tt.rest)
			}
			f, _ := table.Resolve(first, firstInfo, epoch())
			if got := idOf(d.Outbound(f)); got != tt.first {
				t.Errorf("the first fragment: policy %d, want %d", got, tt.first)
			}
			f, _ = table.Resolve(rest, restInfo, epoch())
			if got := idOf(d.Outbound(f)); got != tt.resolved {
				t.Errorf("a later fragment behind it: policy %d, want %d", got, tt.resolved)
			}
		})
	}
}

// The examples of RFC 7296, Section 2.9: narrowing keeps the initiator's first choice when policy allows it.
func TestNarrowingOfRFC7296(t *testing.T) {
	packet := flow("198.51.100.43", "192.0.2.123", 17, 1000, 53)
	proposed := append([]Selector{packet.SourceSelector()}, sels(t, "198.51.100.0/24")...)
	tests := []struct {
		name        string
		policy      []Selector
		want        string
		firstChoice bool
	}{
		{"all of it", sels(t, "0.0.0.0/0"), "[198.51.100.0/24]", true},
		{"one host", sels(t, "198.51.100.43"), "[198.51.100.43]", true},
		{"half, with the first choice", sels(t, "198.51.100.0/25"), "[198.51.100.0/25]", true},
		{"half, without it", sels(t, "198.51.100.128/25"), "[198.51.100.128/25]", false},
		{"TCP only", sels(t, "198.51.100.0/24[tcp]"), "[198.51.100.0/24[tcp]]", false},
		{"two parts", sels(t, "198.51.100.0/26", "198.51.100.128/26"), "[198.51.100.0/26 198.51.100.128/26]", true},
		{"nothing", sels(t, "192.0.2.0/24"), "[]", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Intersect(proposed, tt.policy)
			if fmt.Sprint(got) != tt.want {
				t.Errorf("narrowed to %v, want %s", got, tt.want)
			}
			if first := Covers(got, proposed[:1]); first != tt.firstChoice {
				t.Errorf("holds the first choice: %v, want %v", first, tt.firstChoice)
			}
			if !Covers(proposed, got) || !Covers(tt.policy, got) {
				t.Errorf("%v is not inside both", got)
			}
		})
	}
}

// An owner publishes databases while others look things up in those of before.
func TestOldDatabasesStayAsTheyWere(t *testing.T) {
	const n = 300
	var versions []*Database[string]
	d := &Database[string]{}
	order := make([]uint32, n)
	for i := range order {
		order[i] = uint32(i*7%n) + 1
	}
	for _, id := range order {
		remote := fmt.Sprintf("10.%d.%d.0/24", id/100, id%100)
		var err error
		if d, err = d.With(policy(t, id, 0, Protect, "192.168.0.0/16", remote), remote); err != nil {
			t.Fatal(err)
		}
		versions = append(versions, d)
	}
	for _, id := range order {
		d = d.Without(id)
		versions = append(versions, d)
	}
	for v, old := range versions {
		present := order[:min(v+1, n)]
		if v >= n {
			present = order[v-n+1:]
		}
		if old.Len() != len(present) {
			t.Fatalf("version %d holds %d policies, want %d", v, old.Len(), len(present))
		}
		for _, id := range []uint32{1, 17, 99, 100, 250, n} {
			f := flow("192.168.1.1", fmt.Sprintf("10.%d.%d.9", id/100, id%100), 6, 1, 2)
			if got := idOf(old.Outbound(f)) == id; got != slices.Contains(present, id) || got != (old.Get(id) != nil) {
				t.Fatalf("version %d: policy %d found: %v", v, id, got)
			}
		}
	}
}
