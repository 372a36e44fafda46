package interop_test

import (
	"strings"
	"testing"
)

// A charon that was revoked while its tunnel was up is refused when either side authenticates anew, and loses the tunnel that it has.
func TestRevokedAtReauthentication(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		r := newRegistry(s, "ecdsa-256")
		list := func() {
			r.publish()
			s.moon.Write("ca.crl", r.read(s, "ca.crl"))
		}
		list()
		ours := strings.Replace(r.ours(s, ""), `ca = ["ca.pem"]`, "ca = [\"ca.pem\"]\n    revocation = \"strict\"\n    crl = [\"ca.crl\"]", 1)
		s.startCharon("make_before_break = yes", r.theirs(s, "pubkey"))
		s.startCulvert(ours)
		s.up(initiator)
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
		r.revoke("sun")
		list()
		s.ours.Reload(ours)
		if s.ikeSAs() != 1 {
			t.Error("the reload has ended the IKE SA")
		}
		if initiator == culvert {
			_, _ = s.ours.Try("reauth", "site") // says that it was refused
		} else {
			s.theirs.Swanctl("--rekey", "--ike", "site", "--reauth")
		}
		s.Await("the tunnel to end", func() bool { return s.children() == 0 && s.theirs.Installed() == 0 })
		if log := s.ours.Log(); !strings.Contains(log, "AUTH-CERT-REVOKED") || strings.Contains(log, "lifetime") {
			t.Errorf("our log:\n%s", log)
		}
	})
}
