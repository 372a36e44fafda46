package interop_test

import (
	"fmt"
	"strings"
	"testing"
)

// Raw public keys in place of certificates (RFC 7670): each side knows the other's key.
func TestRawPublicKeys(t *testing.T) {
	for _, kind := range []string{"rsa", "ecdsa-256", "ed25519"} {
		t.Run(kind, func(t *testing.T) {
			bothRoles(t, func(t *testing.T, initiator who) {
				s := newScene(t)
				p := newPKI(s, kind)
				for _, host := range []string{"moon", "sun"} {
					p.openssl(s, "pkey", "-in", host+".key", "-pubout", "-out", host+".pub")
				}
				s.theirs = s.sun.Charon("")
				s.theirs.Load(p.theirRawKeys(s))
				s.startCulvert(p.ourRawKeys(s))
				s.prove(initiator)
			})
		})
	}
}

func (p *pki) ourRawKeys(s *scene) string {
	s.Helper()
	s.moon.Write("moon.key", p.read(s, "moon.key"))
	s.moon.Write("sun.pub", p.read(s, "sun.pub"))
	return strings.NewReplacer(
		`id = "moon.example.org"`, "id = \"moon.example.org\"\n    key = \"moon.key\"",
		`id = "sun.example.org"`, "id = \"sun.example.org\"\n    public_key = [\"sun.pub\"]",
	).Replace(strings.Split(pskConf("", ""), "secret ")[0])
}

func (p *pki) theirRawKeys(s *scene) string {
	s.Helper()
	for file, dir := range map[string]string{"sun.key": "private", "sun.pub": "pubkey", "moon.pub": "pubkey"} {
		s.sun.Write("swanctl/"+dir+"/"+file, p.read(s, file))
	}
	side := func(id, key string) string {
		return fmt.Sprintf("auth = pubkey\n      pubkeys = %s\n      id = %s", key, id)
	}
	conf := strings.Split(pskSwan("", ""), "secrets {")[0]
	return strings.NewReplacer(
		"auth = psk\n      id = sun.example.org", side("sun.example.org", "sun.pub"),
		"auth = psk\n      id = moon.example.org", side("moon.example.org", "moon.pub"),
	).Replace(conf)
}
