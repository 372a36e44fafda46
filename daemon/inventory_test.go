package daemon

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"culvert/api"
	"culvert/explain"
)

func TestCertificatesOfBothSidesAreShown(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	ca := newCA(t, "Office CA", "")
	for i, n := range []*node{west, east} {
		n.enrol(ca)
		n.put("ca.pem", "CERTIFICATE", ca.Certificate.Raw)
		n.write("", n.certified([]*node{east, west}[i], ""))
		n.start()
	}
	west.up()
	list, err := west.client.Certificates(t.Context())
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %+v", err, list)
	}
	roles := map[string]api.Certificate{}
	for _, c := range list {
		roles[c.Uses[0].Role] = c
	}
	own, peer, authority := roles["own"], roles["peer"], roles["ca"]
	if !own.Uses[0].HasKey || own.Uses[0].Connection != "site" || own.Names[0] != "west.example.org" || !strings.HasSuffix(own.Uses[0].Path, "gw.pem") {
		t.Errorf("ours: %+v", own)
	}
	if peer.Names[0] != "east.example.org" || peer.Uses[0].SA == "" || peer.Issuer != authority.Subject || peer.State != api.CertificateValid {
		t.Errorf("the peer's: %+v", peer)
	}
	if !authority.CA || authority.Revocation != "unknown" || len(authority.Fingerprint) != 64 || authority.DaysLeft < 1 {
		t.Errorf("the authority: %+v", authority)
	}
}

func TestCertificatesTellHowLongTheyLast(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for name, tt := range map[string]struct {
		from, until time.Duration
		days        int
		want        api.CertificateState
	}{
		"valid":    {-day, 31 * day, 31, api.CertificateValid},
		"expiring": {-day, 30*day - time.Second, 29, api.CertificateExpiring},
		"today":    {-day, time.Hour, 0, api.CertificateExpiring},
		"expired":  {-2 * day, -time.Hour, -1, api.CertificateExpired},
		"future":   {day, 9 * day, 9, api.CertificateFuture},
	} {
		c := &x509.Certificate{NotBefore: now.Add(tt.from), NotAfter: now.Add(tt.until)}
		if days, state := daysUntil(c.NotAfter, now), stateAt(c, now); days != tt.days || state != tt.want {
			t.Errorf("%s: %d days, %s", name, days, state)
		}
	}
}

func TestConnectionsAreShownWhole(t *testing.T) {
	west, east := pair(t, "", "")
	west.up()
	d, err := west.client.Connection(t.Context(), "site")
	if err != nil || d.SAs != 1 || d.Installed != 1 || len(d.List) != 1 || d.Source != "file" || d.Settings.Name != "site" {
		t.Fatalf("%v, %+v", err, d)
	}
	sa, err := west.client.SA(t.Context(), strings.ToUpper(d.List[0].SPI))
	if err != nil || sa.SPI != d.List[0].SPI || sa.Remote.ID != "east.example.org" {
		t.Errorf("%v, %+v", err, sa)
	}
	if _, err := west.client.Connection(t.Context(), "none"); code(err) != explain.ManageNotFound {
		t.Errorf("got %v", err)
	}
	if _, err := east.client.SA(t.Context(), "12"); code(err) != explain.ManageNotFound {
		t.Errorf("got %v", err)
	}
}

func TestPoliciesTellWhatBecomesOfTraffic(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.site(east, "", "start = \"trap\"")+"policy \"lan\" {\n  action = \"bypass\"\n  local = \"10.1.0.0/24\"\n  remote = \"10.1.0.0/16\"\n}\n")
	east.write("", east.site(west, "", ""))
	west.start()
	east.start()
	shown := func() string {
		list, err := west.client.Policies(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, p := range list {
			b.WriteString(p.Name + " " + p.Action + " " + p.Local[0] + " " + p.Remote[0] + "\n")
		}
		return b.String()
	}
	const lan, trap = "lan bypass 10.1.0.0/24 10.1.0.0/16\n", "site/net trap 10.1.0.0/24 10.2.0.0/24\n"
	if got := shown(); got != lan+trap {
		t.Errorf("got\n%s", got)
	}
	west.up()
	if got := shown(); got != lan+"site/net protect 10.1.0.0/24 10.2.0.0/24\n"+trap {
		t.Errorf("got\n%s", got)
	}
}

func TestUsersAreShownWithTheirSessions(t *testing.T) {
	client, gateway := simPair(t, "office")
	client.start()
	gateway.start()
	state := func() api.User {
		list, err := gateway.client.Users(t.Context())
		if err != nil || len(list) != 1 || list[0].Name != imsi || list[0].Table != "staff" {
			t.Fatalf("%v, %+v", err, list)
		}
		return list[0]
	}
	if u := state(); u.State != "offline" || len(u.Sessions) > 0 {
		t.Errorf("before: %+v", u)
	}
	client.up()
	gateway.await("the session", authenticated)
	if u := state(); u.State != "online" || len(u.Sessions) != 1 || u.Sessions[0].Connection != "site" || u.Sessions[0].SA == "" {
		t.Errorf("after: %+v", u)
	}
}

func TestLeasesAreReleasedByHand(t *testing.T) {
	n := newNode(t, "west", "10.1.0.0/24")
	n.write("", second+"pool \"p\" {\n  addresses = \"10.9.0.0/24\"\n}\n")
	n.start()
	for name, tt := range map[string]struct {
		pool, address string
		want          explain.Code
	}{
		"no pool": {"q", "10.9.0.1", explain.ManageNotFound}, "no address": {"p", "x", explain.ManageBadRequest},
		"never leased": {"p", "10.9.0.1", explain.ManageNotFound}, "other family": {"p", "2001:db8::1", explain.ManageNotFound},
	} {
		if err := n.client.Release(t.Context(), tt.pool, tt.address); code(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := n.client.Pool(t.Context(), "p"); err != nil || p.Size != "254" {
		t.Errorf("%v, %+v", err, p)
	}
}

func TestLogSaysMoreOrLess(t *testing.T) {
	n := alone(t)
	if err := n.client.SetLogLevel(t.Context(), "error"); err != nil {
		t.Fatal(err)
	}
	if level, err := n.client.LogLevel(t.Context()); level != "error" || err != nil {
		t.Errorf("got %s, %v", level, err)
	}
	n.reload()
	if level, err := n.client.LogLevel(t.Context()); level != "debug" || err != nil {
		t.Errorf("after a reload: %s, %v", level, err)
	}
	if err := n.client.SetLogLevel(t.Context(), "loud"); code(err) != explain.ManageBadRequest {
		t.Errorf("got %v", err)
	}
}

func TestCountersAreShown(t *testing.T) {
	west, _ := pair(t, "", "")
	west.up()
	c, err := west.client.Counters(t.Context(), "")
	if err != nil || c.Totals["handshakes"] == 0 && len(c.Totals) == 0 || len(c.IKE) < 2 || c.IKE[1].Connection != "site" {
		t.Errorf("%v, %+v", err, c)
	}
	if err := west.client.ResetCounters(t.Context(), "site"); err != nil {
		t.Error(err)
	}
}
