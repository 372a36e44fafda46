package interop_test

import (
	"strings"
	"testing"
)

// charon asks for a cookie from the first half-open SA on; we do when told to always ask.
func TestCookie(t *testing.T) {
	t.Run("asked by charon", func(t *testing.T) {
		s := newScene(t)
		s.startCharon("cookie_threshold = 0\n cookie_threshold_ip = 0\n", pskSwan("", ""))
		s.startCulvert(pskConf("", ""))
		s.up(culvert)
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
	})
	t.Run("asked by us", func(t *testing.T) {
		s := newScene(t)
		s.start(pskConf("", "")+"daemon {\n half_open {\n cookie_threshold = 0\n }\n}\n", pskSwan("", ""))
		s.up(charon)
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
		s.logged("N(COOKIE)")
	})
}

// The initiator guesses a group that the responder does not have and is told another one.
func TestInvalidKE(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		ours, theirs := `proposals = ["aes128-sha256-ecp256-x25519"]`, "proposals = aes128-sha256-x25519"
		if initiator == charon {
			ours, theirs = `proposals = ["aes128-sha256-x25519"]`, "proposals = aes128-sha256-ecp256-x25519"
		}
		s.start(pskConf(ours, ""), pskSwan(theirs, ""))
		s.up(initiator)
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
		if initiator == charon {
			s.logged("peer didn't accept DH group")
		} else {
			s.logged("DH group ECP_256 unacceptable")
		}
	})
}

// Every protected message travels in fragments.
func TestFragmentation(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		p := newPKI(s, "rsa")
		s.theirs = s.sun.Charon("fragment_size = 600\n")
		s.theirs.Load(strings.Replace(p.theirs(s, "pubkey"), "version = 2", "version = 2\n fragmentation = force", 1))
		s.startCulvert(strings.Replace(p.ours(s, ""), `child "net"`, "fragmentation = \"force\"\n fragment_size = 600\n child \"net\"", 1))
		s.prove(initiator)
		s.logged("EF(2/")
	})
}

// An IKE SA without a child, and the child afterwards (RFC 6023).
func TestChildless(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		s.start(pskConf(`childless = "force"`, ""), pskSwan("childless = force", ""))
		s.prove(initiator)
	})
}

// Either side lowers what the other asks for (RFC 7296, Section 2.9).
func TestNarrowing(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		ours := strings.Replace(pskConf("", ""), `["10.2.0.0/24"]`, `["10.2.0.0/16", "10.7.0.0/16"]`, 1)
		theirs := strings.Replace(pskSwan("", ""), "remote_ts = 10.1.0.0/24", "remote_ts = 10.0.0.0/8", 1)
		s.start(ours, theirs)
		s.up(initiator)
		s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
		child := s.ours.Status().SAs[0].Children[0]
		if got := strings.Join(child.Remote, " "); got != "10.2.0.0/24" {
			t.Errorf("remote selectors are %s", got)
		}
		if got := strings.Join(child.Local, " "); got != "10.1.0.0/24" {
			t.Errorf("local selectors are %s", got)
		}
	})
}

// Selectors with protocol and port carry that traffic and block the rest.
func TestProtocolAndPort(t *testing.T) {
	s := newScene(t)
	ours := strings.Replace(strings.Replace(pskConf("", ""), `"10.1.0.0/24"`, `"10.1.0.0/24[icmp]"`, 1), `"10.2.0.0/24"`, `"10.2.0.0/24[icmp]"`, 1)
	theirs := strings.Replace(strings.Replace(pskSwan("", ""), "local_ts = 10.2.0.0/24", "local_ts = 10.2.0.0/24[icmp]", 1), "remote_ts = 10.1.0.0/24", "remote_ts = 10.1.0.0/24[icmp]", 1)
	s.start(ours, theirs)
	s.up(culvert)
	s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
}

// A traffic selector that the peer does not have is refused and explained; the IKE SA lives on.
func TestTSUnacceptableIsExplained(t *testing.T) {
	s := newScene(t)
	s.start(strings.Replace(pskConf("", ""), `["10.2.0.0/24"]`, `["10.66.0.0/24"]`, 1), pskSwan("", ""))
	out, err := s.ours.Try("up", "site/net")
	if err == nil {
		t.Fatal("came up with selectors that the peer does not have")
	}
	if !strings.Contains(out, "TS_UNACCEPTABLE") || !strings.Contains(out, "10.66.0.0/24") {
		t.Errorf("the operator reads %q", out)
	}
}

// A peer that dies without a word is noticed.
func TestDeadPeer(t *testing.T) {
	t.Run("ours notices", func(t *testing.T) {
		s := newScene(t)
		s.start(pskConf("dpd_delay = \"1s\"", "")+"daemon {\n retransmit {\n timeout = \"200ms\"\n tries = 3\n max = \"1s\"\n }\n}\n", pskSwan("", ""))
		s.up(culvert)
		s.theirs.Kill()
		s.Await("us to notice", func() bool { return s.ikeSAs() == 0 })
		s.blocked([][2]string{{"10.1.0.1", "10.2.0.1"}})
	})
	t.Run("charon notices", func(t *testing.T) {
		s := newScene(t)
		s.startCharon("retransmit_timeout = 0.2\n retransmit_tries = 2\n", pskSwan("dpd_delay = 1s", ""))
		s.startCulvert(pskConf("", ""))
		s.up(charon)
		s.ours.Kill()
		s.Await("charon to notice", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
	})
}
