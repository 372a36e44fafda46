package ping

import (
	"errors"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

func TestLoopbackAnswers(t *testing.T) {
	for _, text := range []string{"127.0.0.1", "::1"} {
		a := netip.MustParseAddr(text)
		for _, e := range []Echo{{From: a, To: a}, {From: a, To: a, Size: 1400, Whole: true}} {
			e.Timeout = 10 * time.Second
			rtt, err := System{}.Ping(t.Context(), e)
			if errors.Is(err, os.ErrPermission) {
				t.Skip("the system lets nobody ping")
			}
			if err != nil || rtt <= 0 {
				t.Errorf("%+v: %v, %v", e, rtt, err)
			}
		}
	}
}

func TestAddressThatIsNotOursIsRefused(t *testing.T) {
	_, err := System{}.Ping(t.Context(), Echo{From: netip.MustParseAddr("192.0.2.1"), To: netip.MustParseAddr("127.0.0.1"), Timeout: time.Second})
	if err == nil {
		t.Error("it pings from an address of documentation")
	}
}

func TestSilenceEnds(t *testing.T) {
	loop := netip.MustParseAddr("127.0.0.1")
	if _, err := (System{}).Ping(t.Context(), Echo{From: loop, To: loop}); err == nil {
		t.Error("an answer in no time")
	}
}

func TestOwnAddressesAreThere(t *testing.T) {
	own, err := System{}.Addresses()
	if err != nil || !slices.Contains(own, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("%v, %v", own, err)
	}
}

func TestAnswersAreToldFromOthers(t *testing.T) {
	e := Echo{To: netip.MustParseAddr("127.0.0.1")}
	reply := func(typ ipv4.ICMPType, id, sequence int) []byte {
		b, err := (&icmp.Message{Type: typ, Body: &icmp.Echo{ID: id, Seq: sequence}}).Marshal(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	header := append([]byte{0x45}, make([]byte, 19)...)
	good := reply(ipv4.ICMPTypeEchoReply, 7, 9)
	for name, tt := range map[string]struct {
		packet []byte
		raw    bool
		want   bool
	}{
		"ours":              {good, false, true},
		"raw":               {append(header, good...), true, true},
		"another number":    {reply(ipv4.ICMPTypeEchoReply, 7, 8), false, false},
		"of another pinger": {append(header[:20:20], reply(ipv4.ICMPTypeEchoReply, 8, 9)...), true, false},
		"a request":         {reply(ipv4.ICMPTypeEcho, 7, 9), false, false},
		"short":             {good[:3], false, false},
		"a short header":    {header[:10], true, false},
	} {
		if got := e.answers(tt.packet, tt.raw, 7, 9); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if b, err := (&Echo{To: e.To, Size: 1400}).request(1, 1); err != nil || len(b) != 1380 {
		t.Errorf("%d octets, %v", len(b), err)
	}
}
