package interop_test

import (
	"strings"
	"testing"
)

func TestPSK(t *testing.T) {
	bothRoles(t, func(t *testing.T, initiator who) {
		s := newScene(t)
		s.start(pskConf("", ""), pskSwan("", ""))
		s.prove(initiator)
	})
}

// A wrong key ends in AUTHENTICATION_FAILED on both sides, and ours says what to look at.
func TestWrongPSKIsExplained(t *testing.T) {
	s := newScene(t)
	wrong := strings.Replace(pskSwan("", ""), "interoperable-and-long-enough", "another-secret-altogether", 1)
	s.start(pskConf("", ""), wrong)
	out, err := s.ours.Try("up", "site/net")
	if err == nil {
		t.Fatal("came up with different keys")
	}
	if !strings.Contains(out, "AUTHENTICATION_FAILED") {
		t.Errorf("the operator reads %q", out)
	}
	if s.ikeSAs() != 0 {
		t.Error("the failed IKE SA is still there")
	}
}

// Without a common proposal the refusal shows both sides.
func TestNoProposalChosenIsExplained(t *testing.T) {
	s := newScene(t)
	s.start(pskConf(`proposals = ["aes256-sha384-ecp384"]`, ""), pskSwan("proposals = aes128-sha256-modp2048", ""))
	out, err := s.ours.Try("up", "site/net")
	if err == nil {
		t.Fatal("came up without a common proposal")
	}
	if !strings.Contains(out, "NO_PROPOSAL_CHOSEN") {
		t.Errorf("the operator reads %q", out)
	}
	if out, err := s.theirs.TrySwanctl("--initiate", "--child", "net"); err == nil {
		t.Errorf("charon came up: %s", out)
	}
	log := s.ours.Must("log")
	for _, want := range []string{"AES_CBC", "128", "256"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not show %s of both sides:\n%s", want, log)
		}
	}
}
