package hook

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"culvert/dataplane"
	"culvert/spd"
)

func selectors(t *testing.T, texts ...string) (list []spd.Selector) {
	t.Helper()
	for _, text := range texts {
		s, err := spd.ParseSelector(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	return list
}

func someChild(t *testing.T) Child {
	return Child{
		Connection: "office", Name: "net", Reqid: 7, UniqueID: 3,
		Local: netip.MustParseAddrPort("192.0.2.1:4500"), Remote: netip.MustParseAddrPort("198.51.100.2:40000"),
		LocalID: "gw.example.org", RemoteID: "C=CH, CN=moon", EAPID: "carol",
		VirtualIPs:     []netip.Addr{netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("2001:db8::9"), netip.MustParseAddr("10.9.0.2")},
		PeerVirtualIPs: []netip.Addr{netip.MustParseAddr("10.3.0.1")},
		DNS:            []netip.Addr{netip.MustParseAddr("10.0.0.53"), netip.MustParseAddr("2001:db8::53")},
		LocalTraffic:   selectors(t, "10.1.0.0/24[tcp/443]"), RemoteTraffic: selectors(t, "10.2.0.0/16[tcp/1024-2047]"),
		Kernel:       dataplane.Kernel{MarkIn: dataplane.Mark{Value: 42, Mask: 0xff}, IfIDOut: dataplane.InterfaceID{Number: 9}},
		Encapsulated: true, HostAccess: true,
	}
}

// The list is what strongSwan's script is told in the same case.
func TestEnvironmentIsThatOfUpdownScripts(t *testing.T) {
	c := someChild(t)
	pairs, _ := c.Pairs()
	got := c.Environment(Up, pairs[0], "/bin", "eth0")
	want := strings.Fields(`PATH=/bin PLUTO_VERSION=1.1 PLUTO_VERB=up-client PLUTO_CONNECTION=net PLUTO_INTERFACE=eth0 PLUTO_REQID=7 PLUTO_PROTO=esp
		PLUTO_UNIQUEID=3 PLUTO_ME=192.0.2.1 PLUTO_MY_ID=gw.example.org PLUTO_MY_CLIENT=10.1.0.0/24 PLUTO_MY_PORT=443 PLUTO_MY_PROTOCOL=6
		PLUTO_PEER=198.51.100.2 PLUTO_PEER_ID=C=CH,_CN=moon PLUTO_PEER_CLIENT=10.2.0.0/16 PLUTO_PEER_PORT=1024:2047 PLUTO_PEER_PROTOCOL=6
		PLUTO_XAUTH_ID=carol PLUTO_MY_SOURCEIP=10.9.0.1 PLUTO_MY_SOURCEIP4_1=10.9.0.1 PLUTO_MY_SOURCEIP6_1=2001:db8::9 PLUTO_MY_SOURCEIP4_2=10.9.0.2
		PLUTO_PEER_SOURCEIP=10.3.0.1 PLUTO_PEER_SOURCEIP4_1=10.3.0.1 PLUTO_MARK_IN=42/0x000000ff PLUTO_IF_ID_OUT=9 PLUTO_UDP_ENC=40000
		PLUTO_DNS4_1=10.0.0.53 PLUTO_DNS6_1=2001:db8::53 PLUTO_HOST_ACCESS=1 CULVERT_CONNECTION=office`)
	for i := range want {
		want[i] = strings.ReplaceAll(want[i], "_CN=", " CN=")
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestVerbsAndPortsFollowTheSelectors(t *testing.T) {
	for _, tt := range []struct {
		occasion      Occasion
		me            string
		local, remote string
		want          []string
	}{
		{Up, "192.0.2.1:500", "192.0.2.1/32", "10.0.0.0/8", []string{"PLUTO_VERB=up-host", "PLUTO_MY_PORT=0", "PLUTO_MY_CLIENT=192.0.2.1/32"}},
		{Down, "192.0.2.1:500", "10.0.0.0/8", "0.0.0.0/0", []string{"PLUTO_VERB=down-client", "PLUTO_PEER_CLIENT=0.0.0.0/0", "PLUTO_INTERFACE=unknown"}},
		{Up, "[2001:db8::1]:500", "2001:db8::1/128", "::/0", []string{"PLUTO_VERB=up-host-v6", "PLUTO_ME=2001:db8::1"}},
		{Down, "192.0.2.1:500", "2001:db8:1::/48", "::/0", []string{"PLUTO_VERB=down-client-v6"}},
		{Up, "192.0.2.1:500", "10.0.0.3-10.0.0.9", "10.1.0.0/16", []string{"PLUTO_MY_CLIENT=10.0.0.0/28"}},
		{Up, "192.0.2.1:500", "10.0.0.0/8[icmp/8]", "10.1.0.0/16[icmp/8]", []string{"PLUTO_MY_PORT=8", "PLUTO_PEER_PORT=0", "PLUTO_MY_PROTOCOL=1"}},
		{Up, "192.0.2.1:500", "10.0.0.0/8[icmp/3(1)]", "10.1.0.0/16", []string{"PLUTO_MY_PORT=3", "PLUTO_PEER_PORT=1", "PLUTO_PEER_PROTOCOL=0"}},
	} {
		c := Child{Local: netip.MustParseAddrPort(tt.me), Remote: netip.MustParseAddrPort("192.0.2.9:500"),
			LocalTraffic: selectors(t, tt.local), RemoteTraffic: selectors(t, tt.remote)}
		pairs, _ := c.Pairs()
		got := c.Environment(tt.occasion, pairs[0], "", "")
		for _, w := range tt.want {
			if !slices.Contains(got, w) {
				t.Errorf("%s === %s: no %s in %q", tt.local, tt.remote, w, got)
			}
		}
	}
}

func TestOnlySelectorsThatAPacketMayMatchArePaired(t *testing.T) {
	c := Child{LocalTraffic: selectors(t, "10.0.0.0/8[tcp]", "2001:db8::/32"), RemoteTraffic: selectors(t, "10.1.0.0/16[udp]", "10.2.0.0/16", "2001:db8:1::/48[udp]")}
	pairs, left := c.Pairs()
	if len(pairs) != 2 || left != 0 || pairs[0].Remote != c.RemoteTraffic[1] || pairs[1].Local != c.LocalTraffic[1] {
		t.Errorf("%v, %d left out", pairs, left)
	}
}

func TestPairsAreBounded(t *testing.T) {
	one := selectors(t, "10.0.0.0/8")[0]
	c := Child{LocalTraffic: slices.Repeat([]spd.Selector{one}, 20), RemoteTraffic: slices.Repeat([]spd.Selector{one}, 20)}
	if pairs, left := c.Pairs(); len(pairs) != 256 || left != 144 {
		t.Errorf("%d pairs, %d left out", len(pairs), left)
	}
}

// What a peer calls itself may be anything, but one variable stays one line.
func TestControlCharactersOfPeersAreReplaced(t *testing.T) {
	c := someChild(t)
	c.RemoteID = "a\nPLUTO_VERB=down\x00b\x7f\t\u009b\u202e北\xff$(id)`id`;|&"
	pairs, _ := c.Pairs()
	if got := c.Environment(Up, pairs[0], "", ""); !slices.Contains(got, "PLUTO_PEER_ID=a?PLUTO_VERB=down?b????北\ufffd$(id)`id`;|&") {
		t.Errorf("%q", got)
	}
}
