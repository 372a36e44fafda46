package kernel_test

import (
	"os"
	"strings"
	"testing"
)

// OpenIKED as users of the manual set it up. It has new keys in place only after its answer, or some time after ours.
func TestOpenIKED(t *testing.T) {
	s := newHosts(t, kernel)
	g := newGateways(s)
	moon, moonKey := g.issue(s, "moon.example.org")
	sun, sunKey := g.issue(s, "sun.example.org")
	page := manualPage(s)
	files := map[string]string{"private/local.key": readFile(s, sunKey), "certs/sun.crt": readFile(s, sun), "ca/ca.crt": g.authority}
	s.ours = s.moon.Culvert(daemonConf(kernel) + page["culvert.hcl with a pre-shared key"])

	t.Run("with a pre-shared key", func(t *testing.T) {
		defer s.lend(t)()
		peer := s.sun.Iked(page["iked.conf with a pre-shared key"], files)
		s.ours.Must("up", "site")
		for _, what := range []string{"site/net", "site", "site/net"} {
			s.ours.Must("rekey", what)
			s.settled()
		}
		s.ours.Must("down", "site")
		peer.Stop()
	})

	t.Run("with certificates", func(t *testing.T) {
		defer s.lend(t)()
		s.ours.Reload(daemonConf(kernel) + g.installed(page["culvert.hcl with certificates"], moon, moonKey))
		s.sun.Iked(strings.TrimRight(page["iked.conf with certificates"], "\n")+" ikelifetime 12 lifetime 6\n", files)
		s.Await("OpenIKED to begin", s.hasChild)
		s.settled()
		before := s.ours.Status().SAs[0]
		s.Await("OpenIKED to rekey the child and the IKE SA", func() bool {
			return s.hasChild() && s.ours.Status().SAs[0].SPI != before.SPI && s.ours.Status().SAs[0].Children[0].InSPI != before.Children[0].InSPI
		})
		s.settled()
	})
}

// settled waits until the peer has its keys in place, and expects every packet to pass then.
func (s *scene) settled() {
	s.Helper()
	s.Await("a first packet to pass", func() bool { return s.reaches("10.1.0.1", "10.2.0.1") })
	s.echo("10.1.0.1", "10.2.0.1", 1300)
}

// hasChild tells whether we have one IKE SA with one child.
func (s *scene) hasChild() bool {
	s.Helper()
	sas := s.ours.Status().SAs
	return len(sas) == 1 && len(sas[0].Children) == 1
}

func readFile(s *scene, path string) string {
	s.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}
