package interop_test

import (
	"strings"
	"testing"
)

// Every step of culvert test passes with charon, and fails by name when charon lets nothing back.
func TestTrialOfAConnection(t *testing.T) {
	s := newScene(t)
	s.start(pskConf("", ""), pskSwan("", ""))
	out := s.ours.Must("test", "site", "--rekey", "--reauth", "--mtu", "--ping", "10.2.0.1")
	if n := strings.Count(out, "ok  "); n != 9 || strings.Contains(out, "unknown") {
		t.Errorf("%d steps are ok:\n%s", n, out)
	}
	s.sun.Must("sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")
	out, err := s.ours.Try("test", "site", "--ping", "10.2.0.1", "--patience", "1s")
	if err == nil || !strings.Contains(out, "FAILED") || !strings.Contains(out, "0 came back") {
		t.Errorf("%v\n%s", err, out)
	}
}
