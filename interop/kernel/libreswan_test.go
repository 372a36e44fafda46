package kernel_test

import (
	"strings"
	"testing"

	"culvert/interop/lab"
)

// Libreswan as users of the manual set it up: either side begins, both rekey under traffic, and either ends.
func TestLibreswan(t *testing.T) {
	s := newHosts(t, kernel)
	g := newGateways(s)
	moon, moonKey := g.issue(s, "moon.example.org")
	sun, sunKey := g.issue(s, "sun.example.org")
	page := manualPage(s)
	peer := &libreswan{s, s.sun.Pluto(page["ipsec.secrets"], g.keystore(s, sun, sunKey))}
	peer.Trust("Site CA")
	s.faults = []string{"XfrmAcquireError"} // it sends through a new Child SA before it can receive: we may answer too early
	s.ours = s.moon.Culvert(daemonConf(kernel))
	ours, theirs := page["culvert.hcl with certificates"], page["ipsec.conf with certificates"]
	t.Run("with a pre-shared key", func(t *testing.T) {
		defer s.lend(t)()
		peer.use(page["culvert.hcl with a pre-shared key"], page["ipsec.conf with a pre-shared key"])
		peer.weBegin()
	})
	t.Run("with certificates", func(t *testing.T) {
		defer s.lend(t)()
		peer.use(g.installed(ours, moon, moonKey), theirs)
		peer.theyBegin()
	})
	t.Run("in UDP", func(t *testing.T) {
		defer s.lend(t)()
		peer.use(g.installed(strings.Replace(ours, "  child", "  force_encapsulation = true\n  child", 1), moon, moonKey), theirs)
		s.ours.Must("up", "site")
		s.echo("10.1.0.1", "10.2.0.1", 1300)
		peer.end()
	})
}

// libreswan is Pluto on sun.
type libreswan struct {
	*scene
	*lab.Pluto
}

// use gives both daemons their configuration. Libreswan calls no script when a tunnel comes up: the scene has its routes.
func (p *libreswan) use(ours, theirs string) {
	p.Helper()
	p.ours.Reload(daemonConf(kernel) + ours)
	_, lines, _ := strings.Cut(theirs, "conn site\n")
	p.Load("site", strings.TrimRight(lines, "\n")+"\n\tleftupdown=%disabled")
}

// weBegin brings the tunnel up from our side. Libreswan sends through the new Child SA of a rekeying that we began before its answer
// can be with us (RFC 7296, Section 2.8, lets it): only its own rekeying, and that of the IKE SA, lose nothing.
func (p *libreswan) weBegin() {
	p.Helper()
	p.ours.Must("up", "site")
	p.echo("10.1.0.1", "10.2.0.1", 1300)
	before := p.ours.Status().SAs[0]
	p.ours.Must("rekey", "site/net")
	p.stream("10.1.0.1", "10.2.0.1", func() {
		p.Whack("--rekey-ipsec", "--name", "site")
		p.ours.Must("rekey", "site")
		p.Whack("--rekey-ike", "--name", "site")
		p.Await("the old SAs to be gone", func() bool { sas := p.ours.Status().SAs; return len(sas) == 1 && len(sas[0].Children) == 1 })
		if after := p.ours.Status().SAs[0]; before.SPI == after.SPI || before.Children[0].InSPI == after.Children[0].InSPI {
			p.Error("nothing was rekeyed")
		}
	})
	p.ours.Must("rekey", "site/net")
	p.echo("10.1.0.1", "10.2.0.1", 1300)
	p.end()
}

// end takes the tunnel down from our side.
func (p *libreswan) end() {
	p.Helper()
	p.ours.Must("down", "site")
	p.Await("Libreswan to forget the IKE SA", func() bool { return !strings.Contains(p.Whack("--showstates"), "ESTABLISHED") })
}

func (p *libreswan) theyBegin() {
	p.Helper()
	p.Whack("--name", "site", "--initiate")
	p.echo("10.1.0.1", "10.2.0.1", 1300)
	p.Whack("--name", "site", "--terminate")
	p.Await("the end of the IKE SA", func() bool { return len(p.ours.Status().SAs) == 0 })
}
