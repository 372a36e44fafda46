package interop_test

import (
	"fmt"
	"strings"
	"testing"
)

// A tlsCase is a method of EAP over TLS between us and charon.
type tlsCase struct {
	name    string
	method  string // ours; charon calls it eap-...
	phase2  string // charon's method inside EAP-TTLS
	options string // lines of our block tls
	version string // charon's highest TLS
	eapOnly bool   // without another proof of the gateway (RFC 5998)
}

// strongswanConf is what charon is told beside its connections. Its EAP-TTLS begins phase 2 only when it is told to, and would
// do without a client that proves anything.
func (c tlsCase) strongswanConf() string {
	return fmt.Sprintf("plugins {\n eap-ttls {\n phase2_method = %s\n }\n}\n tls {\n version_max = %s\n }", c.phase2, c.version)
}

// ours is our configuration, as client or gateway.
func (c tlsCase) ours(client bool) string {
	shown := "certificate = [\"moon.pem\"]\nkey = \"moon.key\"\n"
	local := shown
	accounts := map[string]string{"ttls": `users = "staff"`}[c.method] // of EAP-TLS, everybody with a certificate
	remote := fmt.Sprintf("eap {\n methods = [%q]\n %s\n tls {\n ca = \"ca.pem\"\n %s\n }\n}", c.method, accounts, c.options)
	if c.eapOnly {
		local = "auth = \"eap\""
		remote = strings.Replace(remote, "tls {\n", "tls {\n"+shown, 1)
	}
	if client {
		local = fmt.Sprintf(`eap {
      identity = %q
      password = %q
      methods  = [%q]
      tls {
        certificate = ["moon.pem"]
        key         = "moon.key"
        ca          = "ca.pem"
        %s
      }
    }`, c.identity("moon"), eapPassword, c.method, c.options)
		remote = "id = \"sun.example.org\"\nca = [\"ca.pem\"]"
		if c.eapOnly {
			remote = "id = \"sun.example.org\"\nauth = \"eap\""
		}
	}
	return eapOurs(local, remote)
}

// identity is the EAP identity of a host as client: a name in its certificate, or a user.
func (c tlsCase) identity(host string) string {
	if c.method == "ttls" {
		return eapUser
	}
	return host + ".example.org"
}

// theirs is charon's side.
func (c tlsCase) theirs(client bool) string {
	proof, trust := "pubkey", "cacerts = ca.pem"
	if c.eapOnly {
		proof, trust = "eap-"+c.method, ""
	}
	sides := fmt.Sprintf("local {\n auth = %s\n certs = sun.pem\n id = sun.example.org\n}\nremote {\n auth = eap-%s\n eap_id = %%any\n}", proof, c.method)
	if client {
		sides = fmt.Sprintf("local {\n auth = eap-%s\n certs = sun.pem\n id = sun.example.org\n eap_id = %s\n}\nremote {\n auth = %s\n id = moon.example.org\n %s\n}", c.method, c.identity("sun"), proof, trust)
	}
	return eapTheirs(sides)
}

func (c tlsCase) start(s *scene, initiator who, ours string) {
	s.Helper()
	p := newPKI(s, "ecdsa-256")
	p.ours(s, "") // for the files
	p.theirs(s, "pubkey")
	s.startCharon(c.strongswanConf(), c.theirs(initiator == charon))
	s.startCulvert(ours)
}

// TestEAPOverTLSWithCharon has either side as client. charon 5.9.8 has nothing but EAP inside EAP-TTLS. Its TLS is 1.2 unless it
// is told otherwise, and then it is older than RFC 9190 and RFC 9427: there is no protected success indication, and EAP-TTLS
// has the keys of EAP-TLS.
func TestEAPOverTLSWithCharon(t *testing.T) {
	cases := []tlsCase{
		{name: "EAP-TLS", method: "tls", phase2: "md5", version: "1.2"},
		{name: "EAP-TLS in small fragments", method: "tls", phase2: "md5", version: "1.2", options: "fragment_size = 300"},
		{name: "EAP-TTLS", method: "ttls", phase2: "mschapv2", version: "1.2"},
		{name: "EAP-TTLS with MD5", method: "ttls", phase2: "md5", version: "1.2"},
		{name: "EAP-TLS alone", method: "tls", phase2: "md5", version: "1.2", eapOnly: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bothRoles(t, func(t *testing.T, initiator who) {
				s, c := newScene(t), c
				if c.method == "ttls" && initiator == culvert {
					c.options = `inner = "eap"`
				}
				c.start(s, initiator, c.ours(initiator == culvert))
				s.prove(initiator)
			})
		})
	}
}

// A server whose certificate is for somebody else gets nothing of us (CVE-2023-26463 of strongSwan is the other way).
func TestAnEAPServerOfAnotherNameIsRefused(t *testing.T) {
	s := newScene(t)
	c := tlsCase{method: "ttls", phase2: "mschapv2", version: "1.2", options: "inner = \"eap-mschapv2\"\nserver_name = \"aaa.example.org\""}
	c.start(s, culvert, c.ours(true))
	out, err := s.ours.Try("up", "site/net")
	if err == nil || !strings.Contains(out, "AUTH-ID-MISMATCH") {
		t.Errorf("%v: the operator reads %q", err, out)
	}
	if log := s.theirs.CharonLog(); strings.Contains(log, "MSCHAPV2") && strings.Contains(log, "phase2") {
		t.Error("something was said inside the tunnel")
	}
}
