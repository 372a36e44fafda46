package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
)

// streamSite is a connection over TCP, or over UDP to a port on which nobody listens.
func (n *node) streamSite(peer *node, transport string) string {
	return fmt.Sprintf(`
connection "site" {
  transport = %q
  local {
    address = %q
    id      = "%s.example.org"
  }
  remote {
    address  = %q
    id       = "%s.example.org"
    port     = 15501
    tcp_port = 15502
  }
  child "net" {
    local  = [%q]
    remote = [%q]
  }
}
secret "site" {
  psk = %q
}
`, transport, n.addr, n.name, peer.addr, peer.name, n.network, peer.network, psk)
}

// streamPair starts a client, and a gateway that takes streams.
func streamPair(t *testing.T, client, gateway string) (west, east *node) {
	t.Helper()
	west, east = newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.streamSite(east, client))
	east.write("tcp_ports = [15502]", east.streamSite(west, gateway))
	return west.start(), east.start()
}

func TestATunnelInAStream(t *testing.T) {
	west, east := streamPair(t, "tcp", "tcp")
	west.up()
	east.await("the child", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
	carries(west, east)
	for _, n := range []*node{west, east} {
		if sa := n.status().SAs[0]; sa.Transport != "tcp" || sa.Children[0].Encapsulation != "tcp" || sa.Local.NAT || sa.Remote.NAT {
			t.Errorf("%s shows %+v", n.name, sa)
		}
	}
	if l := east.status().Listening; !strings.Contains(strings.Join(l, " "), ":15502/tcp") {
		t.Errorf("listens on %v", l)
	}
	if err := west.client.Rekey(t.Context(), api.Command{Target: api.Target{Connection: "site"}, Layer: api.LayerIKE, TimeoutSeconds: 20}); err != nil {
		t.Fatal(err)
	}
	carries(west, east)
	if err := west.client.Down(t.Context(), command(api.Target{})); err != nil {
		t.Fatal(err)
	}
	for _, n := range []*node{west, east} {
		n.await("the end of the stream", func(s api.Status) bool { return s.Counters["net_stream_closed"] == 1 })
	}
}

func TestAStreamWhereUDPHasNoAnswer(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", strings.Replace(west.streamSite(east, "auto"), "port     = 15501", "port     = 4500", 1))
	east.write("tcp_ports = [15502]", east.streamSite(west, "auto"))
	west.start()
	east.start()
	west.up()
	if sa := west.status().SAs[0]; sa.Transport != "tcp" || sa.Remote.Address != east.addr+":15502" {
		t.Errorf("west shows %+v", sa)
	}
	silent := 0
	for _, e := range west.events() {
		if e.Problem != nil && e.Problem.Code == explain.IKEUDPSilent {
			silent++
		}
	}
	if silent != 1 {
		t.Errorf("the log says %d times that UDP has no answer", silent)
	}
	carries(west, east)
}

func TestAGatewayWithoutStreamsIsExplained(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.streamSite(east, "tcp"))
	east.write("", east.streamSite(west, "tcp"))
	west.start()
	east.start()
	err := west.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
	if code(err) != explain.IKEStream || !strings.Contains(err.Error(), "refused") {
		t.Errorf("up: %v", err)
	}
}

// fakeStreams notes what the engine wants of streams.
type fakeStreams struct {
	network
	err     error
	doubted int
}

func (f *fakeStreams) Dial(ctx context.Context, local netip.Addr, remote netip.AddrPort) (dataplane.Path, error) {
	if _, ok := ctx.Deadline(); !ok {
		return dataplane.Path{}, errors.New("waits for ever")
	}
	return dataplane.Path{Local: netip.AddrPortFrom(local, 40000), Remote: remote, Transport: dataplane.TransportTCP}, f.err
}

func (f *fakeStreams) DoubtStream(dataplane.Path) { f.doubted++ }

func TestDialingIsWorkWithALimit(t *testing.T) {
	at := dataplane.Path{Local: netip.MustParseAddrPort("192.0.2.1:0"), Remote: netip.MustParseAddrPort("192.0.2.2:4500")}
	f := &fakeStreams{}
	if !waits(dialing{f, at}) {
		t.Error("it holds up what computes")
	}
	if d := (dialing{f, at}).Run(t.Context()).(ike.Dialed); d.Err != nil || d.Path.Local.Port() != 40000 {
		t.Errorf("%+v", d)
	}
	f.err = errors.New("refused")
	if d := (dialing{f, at}).Run(t.Context()).(ike.Dialed); d.Err == nil {
		t.Errorf("%+v", d)
	}
}

func TestStreamsWithNonsenseAreDoubted(t *testing.T) {
	stream := dataplane.Path{Transport: dataplane.TransportTCP}
	for _, tt := range []struct {
		n    ike.News
		want int
	}{
		{ike.News{Kind: ike.NewsDropped, Reason: ike.DropIntegrity, Path: stream}, 1},
		{ike.News{Kind: ike.NewsDropped, Reason: ike.DropUnknownSPI, Path: stream}, 1},
		{ike.News{Kind: ike.NewsDropped, Reason: ike.DropDuplicate, Path: stream}, 0},
		{ike.News{Kind: ike.NewsDropped, Reason: ike.DropIntegrity}, 0},
		{ike.News{Kind: ike.NewsWarning, Reason: ike.DropIntegrity, Path: stream, Failure: &ike.Failure{Err: errors.New("x")}}, 0},
	} {
		e, _, _ := reporter(t)
		f := &fakeStreams{}
		e.network = f
		tt.n.Time = time.Now()
		e.news(tt.n)
		if f.doubted != tt.want {
			t.Errorf("%v %v: doubted %d times", tt.n.Kind, tt.n.Reason, f.doubted)
		}
	}
}
