package interop_test

import (
	"fmt"
	"strings"
	"testing"
)

// charon has two addresses here, which to us are two gateways with one identity.
const secondSun = "10.99.0.3"

// A gateway of ours sends charon from one of our addresses to the other by the answer to its first message.
func TestCharonIsRedirected(t *testing.T) {
	s := newScene(t)
	s.moon.Must("ip", "addr", "add", "10.99.0.9/24", "dev", "sun")
	ours := strings.Replace(pskConf(`redirect_clients = "10.99.0.9"`, ""), `address = "10.99.0.1"`, `address = ["10.99.0.1", "10.99.0.9"]`, 1)
	s.start(ours, pskSwan("", ""))
	s.up(charon)
	s.logged("redirected to 10.99.0.9")
	if sas := s.ours.Status().SAs; len(sas) != 1 || !strings.HasPrefix(sas[0].Local.Address, "10.99.0.9:") {
		t.Errorf("IKE SAs %+v", sas)
	}
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
}

// charon sends us away from an established IKE SA, and we come to its other address.
func TestCharonRedirectsUs(t *testing.T) {
	s := newScene(t)
	s.sun.Must("ip", "addr", "add", secondSun+"/24", "dev", "moon")
	theirs := strings.Replace(pskSwan("", ""), "local_addrs = 10.99.0.2", "local_addrs = 10.99.0.2, "+secondSun, 1)
	s.start(pskConf("", ""), theirs)
	s.up(culvert)
	if got := s.ours.Status().SAs[0].Remote.Address; !strings.HasPrefix(got, "10.99.0.2:") {
		t.Fatalf("we are at %s", got)
	}
	s.streamToAnother(300, func() {
		s.theirs.Swanctl("--redirect", "--ike", "site", "--gateway", secondSun)
		s.Await("us at the other address", func() bool {
			sas := s.ours.Status().SAs
			return len(sas) == 1 && strings.HasPrefix(sas[0].Remote.Address, secondSun+":") && len(sas[0].Children) == 1
		})
	})
	s.logged(fmt.Sprintf("redirecting peer to %s", secondSun))
}

// A command to our daemon sends charon from an established IKE SA to our other address, where it brings up the same child; traffic goes on.
func TestCharonIsRedirectedByCommand(t *testing.T) {
	s := newScene(t)
	s.moon.Must("ip", "addr", "add", "10.99.0.9/24", "dev", "sun")
	ours := strings.Replace(pskConf("", ""), `address = "10.99.0.1"`, `address = ["10.99.0.1", "10.99.0.9"]`, 1)
	s.start(ours+fmt.Sprintf("vici {\n socket = %q\n}\n", s.moon.VICI()), pskSwan("", ""))
	s.up(charon)
	s.moon.Swanctl().Must("--redirect", "--ike", "site", "--gateway", "10.99.0.9")
	s.Await("charon at our other address", func() bool {
		sas := s.ours.Status().SAs
		return len(sas) == 1 && strings.HasPrefix(sas[0].Local.Address, "10.99.0.9:") && len(sas[0].Children) == 1
	})
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
}
