package kernel_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/interop/lab"
)

// Our data plane in user space on one side and the kernel under our daemon on the other, which both rekey.
func TestBothDataPlanes(t *testing.T) {
	s := newHosts(t, user)
	for _, tt := range []struct {
		name string
		link link
	}{
		{"tunnel", plainLink("")},
		{"transport in UDP", link{ours: "force_encapsulation = true", children: []child{{
			name: "net", inner: [][2]string{{"10.99.0.1", "10.99.0.2"}}, ours: `mode = "transport"`, largest: 1300,
		}}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer s.lend(t)()
			s.betweenOurs(tt.link)
		})
	}
}

func (s *scene) betweenOurs(k link) {
	s.Helper()
	ours, _ := k.confs(user)
	s.ours = s.moon.Culvert(ours)
	peer := s.sun.Culvert(mirrored(k))
	s.ours.Must("up", "site/net")
	pair := k.children[0].inner[0]
	s.captured(peer, func() { s.echo(pair[0], pair[1], k.children[0].largest) })
	s.Await("probes of the path's MTU", func() bool {
		m := peer.Status().SAs[0].Children[0].MTU
		return m != nil && m.Source == "probe" && m.Path > 1480 && m.Path <= 1500 && m.Effective > 1380
	})
	s.stream(pair[0], pair[1], func() {
		for _, side := range []*lab.Culvert{s.ours, peer, s.ours} {
			side.Must("rekey", "site/net")
		}
		reqID := peer.Status().SAs[0].Children[0].Reqid
		s.ours.Must("reauth", "site")
		s.Await("the new IKE SA alone", func() bool { return len(peer.Status().SAs) == 1 })
		if got := peer.Status().SAs[0].Children[0].Reqid; got != reqID {
			s.Errorf("reqid %x became %x", reqID, got)
		}
	})
	s.ours.Must("down", "site")
	s.Await("the peer to forget the IKE SA", func() bool { return len(peer.Status().SAs) == 0 })
	s.ours.Stop()
	peer.Stop()
}

// mirrored is our configuration for sun, with the kernel's ESP.
func mirrored(k link) string {
	conf, _ := k.confs(kernel)
	return strings.NewReplacer(
		"10.99.0.1", "10.99.0.2", "10.99.0.2", "10.99.0.1", "10.1.0.1", "10.2.0.1", "10.2.0.1", "10.1.0.1", "moon.", "sun.", "sun.", "moon.",
	).Replace(conf)
}

// captured has the kernel show what it carries: all of it opens with the keys that the file has, and comes with the same inside.
func (s *scene) captured(by *lab.Culvert, traffic func()) {
	s.Helper()
	file := filepath.Join(s.Dir, "kernel.pcapng")
	ended := make(chan error, 1)
	go func() {
		_, err := by.Try("capture", "site", "--esp", "--inner", "--keys", "-w", "40", "-o", file)
		ended <- err
	}()
	s.Await("the capture to begin", func() bool { return strings.Contains(s.sun.Must("nft", "list", "ruleset"), "culvert-capture") })
	traffic()
	if err := <-ended; err != nil {
		s.Fatal(err)
	}
	if got := by.Must("decrypt", file, "--json"); !strings.Contains(got, `"esp":20,"esp_read":20`) {
		s.Errorf("the capture opens as %s", got)
	}
	packets, err := os.ReadFile(file)
	for _, comment := range []string{"site/net: received ESP, SPI ", "site/net: received through SPI ", "site/net: sent through SPI ", "site/net: sent ESP, SPI "} {
		if !bytes.Contains(packets, []byte(comment)) {
			s.Errorf("no packet with %q; %v", comment, err)
		}
	}
	s.Await("the rules to be gone", func() bool { return !strings.Contains(s.sun.Must("nft", "list", "ruleset"), "culvert-capture") })
}
