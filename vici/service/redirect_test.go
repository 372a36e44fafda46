package service

import (
	"testing"

	"culvert/api"
)

func TestRedirectNeedsAGatewayAndASelector(t *testing.T) {
	d := newDesk(t, site)
	d.Now = api.Status{SAs: many(1)}
	for _, tt := range []struct {
		pairs []string
		want  string
	}{
		{[]string{"ike", "site"}, "success=no errmsg=missing target gateway"},
		{[]string{"gateway", "gw@example.org", "ike", "site"}, "success=no errmsg=unsupported gateway identity"},
		{[]string{"gateway", "gw.example.org"}, "success=no errmsg=missing redirect selector"},
		{[]string{"gateway", "gw.example.org", "peer-ip", "10.0.0"}, "success=no errmsg=invalid peer IP selector"},
		{[]string{"gateway", "gw.example.org", "ike-id", "9"}, "success=no matches=0 errmsg=no matching SAs to redirect found"},
		{[]string{"gateway", "gw.example.org", "ike-id", "1"}, "success=yes matches=1"},
		{[]string{"gateway", "192.0.2.9", "peer-ip", "10.0.0.1-10.0.0.9", "peer-id", "*.example.org"}, "success=yes matches=1"},
	} {
		if got := d.ask("redirect", tt.pairs...); got != tt.want {
			t.Errorf("%v: %s", tt.pairs, got)
		}
	}
	want := "redirect {Gateway:gw.example.org Connection: SA:00000000000000a1 PeerAddress: PeerID:}"
	if len(d.done) != 2 || d.done[0] != want {
		t.Errorf("done: %q", d.done)
	}
}
