package interop_test

import (
	"fmt"
	"strings"
	"testing"
)

// kinds are those of the keys of two authorities, each of which vouches for both hosts.
func kinds() []string { return []string{"rsa", "ecdsa-256"} }

// twoAuthorities gives hosts their certificates of both authorities, as rsa-moon.pem and rsa-moon.key.
func twoAuthorities(s *scene) map[string]*pki {
	s.Helper()
	all := map[string]*pki{}
	for _, kind := range kinds() {
		all[kind] = newPKI(s, kind)
		for _, name := range []string{"ca.pem", "moon.pem", "moon.key"} {
			s.moon.Write(kind+"-"+name, all[kind].read(s, name))
		}
		for file, dir := range map[string]string{"sun.pem": "x509", "sun.key": "private"} {
			s.sun.Write("swanctl/"+dir+"/"+kind+"-"+file, all[kind].read(s, file))
		}
	}
	return all
}

// ofKind are our options of a certificate.
func ofKind(kind string) string {
	return fmt.Sprintf("certificate = [\"%[1]s-moon.pem\", \"%[1]s-ca.pem\"]\n    key = \"%[1]s-moon.key\"\n", kind)
}

// withCertificates is our side, which trusts authorities of some kinds.
func withCertificates(local string, trusted ...string) string {
	for i := range trusted {
		trusted[i] = fmt.Sprintf("%q", trusted[i]+"-ca.pem")
	}
	return strings.NewReplacer("id = \"moon.example.org\"", "id = \"moon.example.org\"\n    "+local,
		`id = "sun.example.org"`, "id = \"sun.example.org\"\n    ca = ["+strings.Join(trusted, ", ")+"]",
	).Replace(strings.Split(pskConf("", ""), "secret ")[0])
}

// charonTrusts has charon know one authority alone, as it asks for certificates of all that it knows, and show certificates of some
// kinds.
func (s *scene) charonTrusts(ca *pki, shown ...string) {
	s.Helper()
	s.sun.Write("swanctl/x509ca/ca.pem", ca.read(s, "ca.pem"))
	s.theirs.Swanctl("--load-creds", "--clear")
	s.theirs.Load(swanCertificates(shown...))
}

// swanCertificates is charon's side, which shows certificates of some kinds.
func swanCertificates(shown ...string) string {
	for i := range shown {
		shown[i] += "-sun.pem"
	}
	return strings.NewReplacer("auth = psk\n      id = sun", "auth = pubkey\n      certs = "+strings.Join(shown, ", ")+"\n      id = sun",
		"auth = psk\n      id = moon", "auth = pubkey\n      cacerts = ca.pem\n      id = moon",
	).Replace(strings.Split(pskSwan("", ""), "secrets {")[0])
}

// Who has certificates of several authorities shows the one that the peer trusts, whoever begins (RFC 7296, Section 3.7).
func TestTheCertificateIsOneThatThePeerTrusts(t *testing.T) {
	s := newScene(t)
	all := twoAuthorities(s)
	s.theirs = s.sun.Charon("")
	both := ofKind("rsa") + "alternative \"ecdsa\" {\n" + ofKind("ecdsa-256") + "}\n"
	s.startCulvert(withCertificates(both, kinds()...))
	meet := func(name, kind string, by func() string) {
		t.Run(name+" "+kind, func(t *testing.T) {
			bothRoles(t, func(t *testing.T, initiator who) {
				defer s.lend(t)()
				s.up(initiator)
				if got := by(); !strings.Contains(got, strings.ToUpper(kind[:3])) {
					t.Errorf("the proof is %q", got)
				}
				s.down(initiator)
			})
		})
	}
	for _, kind := range kinds() { // we choose
		s.charonTrusts(all[kind], "rsa")
		meet("charon trusts", kind, func() string {
			log := s.theirs.CharonLog()
			log = log[strings.LastIndex(log, "authentication of 'moon.example.org' with"):]
			return log[:strings.Index(log, "successful")]
		})
	}
	s.sun.Write("swanctl/x509ca/other.pem", all["ecdsa-256"].read(s, "ca.pem")) // without which charon does not know whose its certificate is
	s.charonTrusts(all["rsa"], kinds()...)
	for _, kind := range kinds() { // charon chooses
		s.ours.Reload(withCertificates(ofKind("rsa"), kind))
		meet("culvert trusts", kind, func() string {
			log := s.theirs.CharonLog()
			log = log[strings.LastIndex(log, "authentication of 'sun.example.org' (myself) with"):]
			return log[:strings.Index(log, "successful")]
		})
	}
}

// A raw public key without an identity is who the key is, and both sides call it by the same name (RFC 7670).
func TestRawPublicKeysWithoutNames(t *testing.T) {
	s := newScene(t)
	p := newPKI(s, "ecdsa-256")
	for _, host := range []string{"moon", "sun"} {
		p.openssl(s, "pkey", "-in", host+".key", "-pubout", "-out", host+".pub")
	}
	nameless := strings.NewReplacer("id = \"moon.example.org\"\n", "", "id = \"sun.example.org\"\n", "", "      id = sun.example.org\n", "", "      id = moon.example.org\n", "")
	theirs := strings.NewReplacer("pubkeys = sun.pub\n      id = sun.example.org", "pubkeys = sun.pub", "pubkeys = moon.pub\n      id = moon.example.org", "pubkeys = moon.pub").Replace(p.theirRawKeys(s))
	s.theirs = s.sun.Charon("")
	s.theirs.Load(theirs)
	s.startCulvert(nameless.Replace(p.ourRawKeys(s)))
	bothRoles(t, func(t *testing.T, initiator who) {
		defer s.lend(t)()
		s.up(initiator)
		s.down(initiator)
	})
}
