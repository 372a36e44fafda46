package removal

import (
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"culvert/internal/netnstest"
)

// listen collects events until the test ends.
func listen(t *testing.T, w *Watch, err error) <-chan Event {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	events, done := make(chan Event, 1000), make(chan struct{})
	go func() { defer close(done); w.Receive(func(e Event) { events <- e }) }()
	t.Cleanup(func() { w.Close(); <-done })
	return events
}

func await(t *testing.T, events <-chan Event, want Event) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case e := <-events:
			if e == want {
				return
			}
			if e.Kind == want.Kind && e.Kind != Link {
				t.Errorf("got %+v, want %+v", e, want)
			}
		case <-late:
			t.Fatalf("no %+v", want)
		}
	}
}

func do(t *testing.T, commands ...string) {
	t.Helper()
	for _, c := range commands {
		if out, err := exec.Command("sh", "-c", c).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c, err, out)
		}
	}
}

func TestRemovalsAreHeard(t *testing.T) {
	netnstest.Enter(t)
	w, err := Routing(50)
	events := listen(t, w, err)
	do(t, "ip rule add pref 77 table 4711", "ip -6 rule add pref 78 goto 32766", "ip address add 192.0.2.1/32 dev lo",
		"ip route add unreachable 10.0.0.0/8 table 4711 proto 50", "ip route add unreachable 10.9.0.0/16 table 4711 proto 51", "ip -6 route add unreachable default metric 5 table 4712 proto 50")
	await(t, events, Event{Kind: Arrival, Link: 1})
	do(t, "ip route del 10.9.0.0/16 table 4711", // of somebody else
		"ip rule del pref 77", "ip -6 rule del pref 78", "ip route flush table 4711", "ip -6 route flush table 4712", "ip address del 192.0.2.1/32 dev lo", "ip link set lo down")
	for _, want := range []Event{
		{Kind: Rule, Preference: 77, Table: 4711}, {Kind: Rule, V6: true, Preference: 78},
		{Kind: Route, Table: 4711, Remote: netip.MustParsePrefix("10.0.0.0/8")},
		{Kind: Route, V6: true, Table: 4712, Remote: netip.MustParsePrefix("::/0")},
		{Kind: Address, Link: 1}, {Kind: Link, Link: 1},
	} {
		await(t, events, want)
	}
}

// A route that takes the place of another is heard if it is of another program, and in a table as ours.
func TestReplacedRoutesAreHeard(t *testing.T) {
	netnstest.Enter(t)
	w, err := Routing(50)
	events := listen(t, w, err)
	do(t, "ip link set lo up",
		"ip route add unreachable 10.0.0.0/8 table 4711 proto 50", "ip route replace blackhole 10.0.0.0/8 table 4711 proto 50", // our own
		"ip route add unreachable 10.9.0.0/16 table 4711",                                      // nothing was there
		"ip route add 10.8.0.0/16 dev lo", "ip route replace 10.8.0.0/16 dev lo src 127.0.0.1", // in the main table
		"ip route replace blackhole 10.0.0.0/8 table 4711",
		"ip -6 route add unreachable fd01::/64 metric 7 table 4712 proto 50", "ip -6 route replace blackhole fd01::/64 metric 7 table 4712 proto static")
	await(t, events, Event{Kind: Displaced, Table: 4711, Remote: netip.MustParsePrefix("10.0.0.0/8")})
	await(t, events, Event{Kind: Displaced, V6: true, Table: 4712, Remote: netip.MustParsePrefix("fd01::/64")})
}

func TestRemovedFiltersAreHeard(t *testing.T) {
	netnstest.Enter(t)
	w, err := Filters()
	events := listen(t, w, err)
	for _, removal := range []string{"nft flush ruleset", "nft delete table inet some", "nft flush table inet some"} {
		do(t, "nft add table inet some", "nft add chain inet some c", "nft add rule inet some c accept", removal)
		await(t, events, Event{Kind: Filter, Name: "some"})
	}
}

// More comes than there is room for while nobody receives.
func TestLostEventsAreTold(t *testing.T) {
	netnstest.Enter(t)
	w, err := Routing(50)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.conn.SetReadBuffer(2048); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "rule add pref %d table 4711\nrule del pref %d\n", 1000+i, 1000+i)
	}
	do(t, "ip -batch - <<end\n"+lines.String()+"end")
	await(t, listen(t, w, nil), Event{Kind: Lost})
}

func TestMessagesThatCannotBeReadAreNoEnd(t *testing.T) {
	whole := map[netlink.HeaderType]int{unix.RTM_NEWLINK: linkHeader, unix.RTM_DELADDR: addrHeader, unix.RTM_DELRULE: routeHeader, unix.RTM_DELROUTE: routeHeader, unix.RTM_NEWROUTE: routeHeader}
	for kind, size := range whole {
		for n := range size + 6 {
			m := netlink.Message{Header: netlink.Header{Type: kind}, Data: []byte(strings.Repeat("\xff", n))}
			if e, ok := readRouting(m); !ok || n < size && e.Kind != Lost {
				t.Errorf("type %d with %d octets: %+v", kind, n, e)
			}
		}
	}
	for n := range filterHeader {
		if e, ok := readNFTables(netlink.Message{Data: make([]byte, n)}); !ok || e.Kind != Lost {
			t.Errorf("nftables with %d octets: %+v", n, e)
		}
	}
	if e, ok := readRouting(netlink.Message{Header: netlink.Header{Type: unix.RTM_NEWRULE}}); ok {
		t.Errorf("a rule that comes: %+v", e)
	}
}
