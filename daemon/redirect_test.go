package daemon

import (
	"testing"

	"culvert/api"
	"culvert/explain"
)

// A pool of two gateways with one identity, and a client of the first one.
type gatewayPool struct{ client, first, second *node }

// newPool makes the nodes; the options are for the connection of the client and of each gateway.
func newGatewayPool(t *testing.T, client, first, second string) *gatewayPool {
	t.Helper()
	p := &gatewayPool{newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24"), newNode(t, "east", "10.2.0.0/24")}
	p.client.write("", p.client.site(p.first, client, ""))
	p.first.write("", p.first.site(p.client, first, ""))
	p.second.write("", p.second.site(p.client, second, ""))
	p.second.start()
	return p
}

// moved waits until the client has one child, with the second gateway, and the first one has none.
func (p *gatewayPool) moved() {
	p.client.Helper()
	p.second.await("the client", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
	p.client.await("the second gateway alone", func(s api.Status) bool {
		return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 && s.SAs[0].Remote.Address == p.second.addr+":15501"
	})
	carries(p.client, p.second)
}

func TestNewClientsAreRedirected(t *testing.T) {
	for _, when := range []string{"init", "auth"} {
		t.Run(when, func(t *testing.T) {
			p := newGatewayPool(t, "", "", "")
			p.first.write("", p.first.site(p.client, "redirect_clients = \""+p.second.addr+"\"\nredirect_when = \""+when+"\"", ""))
			p.first.start()
			p.client.start()
			p.client.up()
			p.moved()
			p.first.await("nobody", func(s api.Status) bool { return len(s.SAs) == 0 })
		})
	}
}

func TestRedirectIsFollowedOnlyWhereItIsConfigured(t *testing.T) {
	for _, tt := range []struct {
		follow, when string
		moves        bool
		code         explain.Code
	}{
		{"no", "init", false, ""}, {"no", "auth", false, ""}, {"authenticated", "auth", true, ""}, {"authenticated", "init", false, explain.IKERedirectRefused},
	} {
		t.Run(tt.follow+" "+tt.when, func(t *testing.T) {
			p := newGatewayPool(t, "follow_redirects = \""+tt.follow+"\"", "", "")
			p.first.write("", p.first.site(p.client, "redirect_clients = \""+p.second.addr+"\"\nredirect_when = \""+tt.when+"\"", ""))
			p.first.start()
			p.client.start()
			err := p.client.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
			switch {
			case tt.moves:
				p.moved()
			case tt.code != "" && !isProblem(err, tt.code):
				t.Errorf("up says %v", err)
			case tt.code == "" && (err != nil || p.client.status().SAs[0].Remote.Address != p.first.addr+":15501"):
				t.Errorf("up says %v", err)
			}
		})
	}
}

func TestConnectedClientIsRedirected(t *testing.T) {
	p := newGatewayPool(t, "", "", "")
	first := p.first.inside()
	p.client.start()
	p.client.up()
	carries(p.client, p.first)
	n, err := first.Redirect(t.Context(), api.Redirection{Gateway: p.second.addr, PeerID: "west.*", PeerAddress: "127.0.0.0/8", Connection: "site"})
	if err != nil || n != 1 {
		t.Fatalf("%d, %v", n, err)
	}
	p.moved()
}

// Two gateways that send the client to each other are left alone for a while.
func TestRedirectLoopEnds(t *testing.T) {
	p := newGatewayPool(t, "", "", "")
	p.second.stop()
	p.first.write("", p.first.site(p.client, "redirect_clients = \""+p.second.addr+"\"", ""))
	p.second.write("", p.second.site(p.client, "redirect_clients = \""+p.first.addr+"\"", ""))
	p.first.start()
	p.second.client = api.NewClient(p.second.socket())
	p.second.start()
	p.client.start()
	err := p.client.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
	if !isProblem(err, explain.IKERedirectLoop) {
		t.Errorf("up says %v", err)
	}
	attempts := 0
	for _, e := range p.client.events() {
		if e.Kind == api.EventRedirected {
			attempts++
		}
	}
	if attempts != 6 {
		t.Errorf("%d redirects", attempts)
	}
}

func TestRedirectionsThatMakeNoSense(t *testing.T) {
	d, _ := insidePair(t, "", "")
	must(t, d.Up(t.Context(), api.Target{Connection: "site"}))
	for _, tt := range []struct {
		r    api.Redirection
		code explain.Code
	}{
		{api.Redirection{Gateway: "192.0.2.1"}, explain.ManageBadRequest},
		{api.Redirection{Gateway: "", Connection: "site"}, explain.ManageBadRequest},
		{api.Redirection{Gateway: "a b", Connection: "site"}, explain.ManageBadRequest},
		{api.Redirection{Gateway: "192.0.2.1", PeerAddress: "192.0.2.9-192.0.2.1"}, explain.ManageBadRequest},
		{api.Redirection{Gateway: "192.0.2.1", PeerAddress: "here"}, explain.ManageBadRequest},
		{api.Redirection{Gateway: "192.0.2.1", SA: "xyz"}, explain.ManageBadRequest},
		{api.Redirection{Gateway: "192.0.2.1", PeerID: "[a"}, explain.ManageBadRequest},
		{api.Redirection{Gateway: "192.0.2.1", Connection: "site"}, explain.IKENoSuchSA}, // we are the client
	} {
		if n, err := d.Redirect(t.Context(), tt.r); n != 0 || !isProblem(err, tt.code) {
			t.Errorf("%+v: %d, %v", tt.r, n, err)
		}
	}
}

func TestRangesOfClients(t *testing.T) {
	for text, want := range map[string][2]string{
		"192.0.2.7": {"192.0.2.7", "192.0.2.7"}, "192.0.2.0/29": {"192.0.2.0", "192.0.2.7"}, "2001:db8::/126": {"2001:db8::", "2001:db8::3"},
		"192.0.2.1-192.0.2.9": {"192.0.2.1", "192.0.2.9"},
	} {
		from, to, err := addressRange(text)
		if err != nil || from.String() != want[0] || to.String() != want[1] {
			t.Errorf("%s: %v to %v, %v", text, from, to, err)
		}
	}
}
