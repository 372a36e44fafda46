package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// zone is what the DNS server behind the gateway knows.
const zone = `
web.intranet.   60 IN A     10.2.0.1
web.intranet.   60 IN AAAA  fd02::1
six.intranet.   60 IN AAAA  fd02::1
www.intranet.   60 IN CNAME web.intranet.
empty.intranet. 60 IN TXT   "nothing"
`

// nameServer serves the zone at 10.2.0.1, and answers with more than it was asked: names that nobody asked for. Names that
// begin with "big" do not fit into datagrams.
func nameServer(t *testing.T, g *gateway) (asked *atomic.Int32) {
	t.Helper()
	asked = new(atomic.Int32)
	var records []dns.RR
	for p := dns.NewZoneParser(strings.NewReader(zone), "", ""); ; {
		rr, ok := p.Next()
		if !ok {
			break
		}
		records = append(records, rr)
	}
	handle := dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Add(1)
		_ = w.WriteMsg(answer(q, records, w.RemoteAddr().Network() == "udp"))
	})
	at := netip.MustParseAddrPort("10.2.0.1:53")
	packets, err := g.plane.ListenUDP(at)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := g.plane.ListenTCP(at)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*dns.Server{{PacketConn: packets, Handler: handle}, {Listener: listener, Handler: handle}} {
		go func() { _ = s.ActivateAndServe() }()
		t.Cleanup(func() { _ = s.Shutdown() })
	}
	return asked
}

func answer(q *dns.Msg, records []dns.RR, datagram bool) *dns.Msg {
	reply := new(dns.Msg).SetReply(q)
	name, kind := strings.ToLower(q.Question[0].Name), q.Question[0].Qtype
	if strings.HasPrefix(name, "broken.") {
		reply.Rcode = dns.RcodeServerFailure
		return reply
	}
	if strings.HasPrefix(name, "forged.") {
		reply.Question[0].Name = "elsewhere."
		rr, _ := dns.NewRR(name + " 60 IN A 10.2.0.99")
		reply.Answer = append(reply.Answer, rr)
		return reply
	}
	if rest, big := strings.CutPrefix(name, "big."); big {
		if datagram {
			reply.Truncated = true
			return reply
		}
		for i := range 60 {
			rr, _ := dns.NewRR(fmt.Sprintf("%s 60 IN A 10.2.1.%d", name, i+1))
			reply.Answer = append(reply.Answer, rr)
		}
		name = rest
	}
	known := len(reply.Answer) > 0
	for _, rr := range records {
		h := rr.Header()
		known = known || h.Name == name
		if h.Name == name && h.Rrtype == dns.TypeCNAME {
			reply.Answer = append(reply.Answer, rr)
			name = rr.(*dns.CNAME).Target
		}
	}
	for _, rr := range records {
		if h := rr.Header(); h.Name == name && h.Rrtype == kind {
			reply.Answer = append(reply.Answer, rr)
		}
	}
	if !known {
		reply.Rcode = dns.RcodeNameError
	}
	stray, _ := dns.NewRR("elsewhere. 60 IN A 192.0.2.99")
	reply.Answer = append(reply.Answer, stray)
	return reply
}

func TestNamesAreLookedUpThroughTheTunnel(t *testing.T) {
	g := open(t)
	nameServer(t, g)
	tun := g.connect()
	for _, tt := range []struct{ network, host, want string }{
		{"ip", "web.intranet", "[10.2.0.1 fd02::1]"},
		{"ip4", "WEB.intranet.", "[10.2.0.1]"},
		{"ip6", "web.intranet", "[fd02::1]"},
		{"ip", "six.intranet", "[fd02::1]"},
		{"ip", "www.intranet", "[10.2.0.1 fd02::1]"},
		{"ip", "192.0.2.7", "[192.0.2.7]"},
	} {
		addrs, err := tun.LookupNetIP(background(t), tt.network, tt.host)
		if got := fmt.Sprint(addrs); err != nil || got != tt.want {
			t.Errorf("%s %s: %s, %v, want %s", tt.network, tt.host, got, err, tt.want)
		}
	}
	if hosts, err := tun.LookupHost(background(t), "six.intranet"); err != nil || len(hosts) != 1 || hosts[0] != "fd02::1" {
		t.Errorf("got %v, %v", hosts, err)
	}
}

// An answer that does not fit is asked for over TCP; of very many addresses only some are taken.
func TestLargeAnswersComeOverTCP(t *testing.T) {
	g := open(t)
	nameServer(t, g)
	tun := g.connect()
	addrs, err := tun.LookupNetIP(background(t), "ip4", "big.web.intranet")
	if err != nil || len(addrs) != dnsAnswers {
		t.Errorf("%d addresses, %v", len(addrs), err)
	}
}

func TestAnswersToOtherQuestionsAreNotTaken(t *testing.T) {
	g := open(t)
	nameServer(t, g)
	if addrs, err := g.connect().LookupNetIP(background(t), "ip4", "forged.intranet"); err == nil {
		t.Errorf("got %v", addrs)
	}
}

func TestNamesThatAreNotFound(t *testing.T) {
	g := open(t)
	asked := nameServer(t, g)
	tun := g.connect()
	for _, tt := range []struct {
		host     string
		notFound bool
		asks     bool
	}{
		{"nowhere.intranet", true, true}, {"empty.intranet", true, true}, {"broken.intranet", false, true},
		{"", true, false}, {strings.Repeat("x", 64) + ".intranet", true, false}, {strings.Repeat("long.", 60), true, false},
	} {
		before := asked.Load()
		_, err := tun.LookupNetIP(background(t), "ip", tt.host)
		var e *net.DNSError
		if !errors.As(err, &e) || e.IsNotFound != tt.notFound {
			t.Errorf("%q: %v", tt.host, err)
		}
		if asks := asked.Load() > before; asks != tt.asks {
			t.Errorf("%q: the server was asked: %v", tt.host, asks)
		}
	}
	if _, err := tun.LookupNetIP(background(t), "ip6", "10.2.0.1"); err == nil {
		t.Error("an address of another family was found")
	}
}

// The program's own servers take the place of the gateway's; one that does not answer is passed over.
func TestOwnServers(t *testing.T) {
	g := open(t)
	nameServer(t, g)
	tun := g.connect(func(c *Config) {
		c.DNS = []netip.Addr{netip.MustParseAddr("192.0.2.53"), netip.MustParseAddr("10.2.0.1")}
	})
	if addrs, err := tun.LookupNetIP(background(t), "ip4", "web.intranet"); err != nil || len(addrs) != 1 {
		t.Errorf("got %v, %v", addrs, err)
	}
}

// Programs dial names; a server that is not there is asked no longer than the context allows.
func TestDialByName(t *testing.T) {
	g := open(t)
	tun := g.connect()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tun.DialContext(ctx, "tcp", "web.intranet:7"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	nameServer(t, g)
	g.serve("[fd02::1]:7", echo)
	echoes(t, tun, "tcp", "six.intranet:7")
	echoes(t, tun, "tcp", "web.intranet:7") // over IPv6, as nobody listens at the IPv4 address
}
