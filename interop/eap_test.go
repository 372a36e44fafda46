package interop_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"culvert/eap/mschapv2"
	"culvert/secret"
)

const (
	eapUser     = "carol"
	eapPassword = "EapSecretPassword"
)

// An eapCase is how a client proves who it is to a gateway with a certificate: by EAP alone, or by EAP after another round
// (RFC 4739).
type eapCase struct {
	method string // ours; charon calls it eap-...
	first  string // "pubkey", "psk" or nothing
}

// oursAsClient is our configuration as client.
func (c eapCase) oursAsClient() string {
	eap := fmt.Sprintf("eap {\n identity = %q\n password = %q\n methods = [%q]\n}", eapUser, eapPassword, c.method)
	local := map[string]string{
		"":       eap,
		"pubkey": "certificate = [\"moon.pem\"]\nkey = \"moon.key\"\nsecond {\n" + eap + "\n}",
		"psk":    "second {\n" + eap + "\n}",
	}[c.first]
	return eapOurs(local, "ca = [\"ca.pem\"]\nid = \"sun.example.org\"")
}

// oursAsGateway is our configuration as gateway.
func (c eapCase) oursAsGateway() string {
	eap := fmt.Sprintf("eap {\n users = \"staff\"\n methods = [%q]\n}", c.method)
	remote := map[string]string{
		"":       eap,
		"pubkey": "id = \"sun.example.org\"\nca = [\"ca.pem\"]\nsecond {\n" + eap + "\n}",
		"psk":    "id = \"sun.example.org\"\nsecond {\n" + eap + "\n}",
	}[c.first]
	return eapOurs("certificate = [\"moon.pem\"]\nkey = \"moon.key\"", remote)
}

// eapOurs is our configuration with two sides, and everything that they may name.
func eapOurs(local, remote string) string {
	return fmt.Sprintf(`
connection "site" {
  local {
    address = "10.99.0.1"
    id = "moon.example.org"
    %s
  }
  remote {
    address = "10.99.0.2"
    %s
  }
  child "net" {
    local  = ["10.1.0.0/24"]
    remote = ["10.2.0.0/24"]
  }
}
users "staff" {
  user %q {
    cleartext = %q
    nt_hash   = %q
  }
}
secret "both" {
  ids = ["moon.example.org", "sun.example.org"]
  psk = "interoperable-and-long-enough"
}
`, local, remote, eapUser, eapPassword, hex.EncodeToString(mschapv2.NTHash(secret.Bytes(eapPassword))))
}

// theirsAsGateway and theirsAsClient are charon's side.
func (c eapCase) theirsAsGateway() string {
	remote := fmt.Sprintf("remote-2 {\n auth = eap-%s\n eap_id = %%any\n}", c.method)
	if c.first != "" {
		remote = fmt.Sprintf("remote-1 {\n auth = %s\n id = moon.example.org\n}\n", c.first) + remote
	}
	return eapTheirs("local {\n auth = pubkey\n certs = sun.pem\n id = sun.example.org\n}\n" + remote)
}

func (c eapCase) theirsAsClient() string {
	local := fmt.Sprintf("local-2 {\n auth = eap-%s\n eap_id = %s\n}\n", c.method, eapUser)
	if c.first != "" {
		certs := ""
		if c.first == "pubkey" {
			certs = "certs = sun.pem"
		}
		local = fmt.Sprintf("local-1 {\n auth = %s\n id = sun.example.org\n %s\n}\n", c.first, certs) + local
	}
	return eapTheirs(local + "remote {\n auth = pubkey\n id = moon.example.org\n cacerts = ca.pem\n}")
}

func eapTheirs(sides string) string {
	return fmt.Sprintf(`
connections {
  site {
    version = 2
    local_addrs = 10.99.0.2
    remote_addrs = 10.99.0.1
    %s
    children {
      net {
        local_ts = 10.2.0.0/24
        remote_ts = 10.1.0.0/24
      }
    }
  }
}
secrets {
  eap-carol {
    id = %s
    secret = %q
  }
  ike-both {
    id-moon = moon.example.org
    id-sun = sun.example.org
    secret = "interoperable-and-long-enough"
  }
}
`, sides, eapUser, eapPassword)
}

// startEAP brings up both daemons, the initiator as client.
func (c eapCase) startEAP(s *scene, initiator who) {
	s.Helper()
	p := newPKI(s, "ecdsa-256")
	p.ours(s, "") // for the files
	p.theirs(s, "pubkey")
	if initiator == culvert {
		s.start(c.oursAsClient(), c.theirsAsGateway())
	} else {
		s.start(c.oursAsGateway(), c.theirsAsClient())
	}
}

func TestEAPWithCharon(t *testing.T) {
	for _, c := range []eapCase{{method: "mschapv2"}, {method: "md5"}, {"mschapv2", "pubkey"}, {"md5", "psk"}} {
		t.Run(strings.Trim(c.first+" "+c.method, " "), func(t *testing.T) {
			bothRoles(t, func(t *testing.T, initiator who) {
				s := newScene(t)
				c.startEAP(s, initiator)
				s.prove(initiator)
			})
		})
	}
}

// A wrong password ends with EAP-Failure on both sides, and the reason is told.
func TestWrongPasswordIsExplained(t *testing.T) {
	s := newScene(t)
	c := eapCase{method: "mschapv2"}
	p := newPKI(s, "ecdsa-256")
	p.ours(s, "")
	p.theirs(s, "pubkey")
	s.start(strings.Replace(c.oursAsClient(), eapPassword, "another password", 1), c.theirsAsGateway())
	out, err := s.ours.Try("up", "site/net")
	if err == nil || !strings.Contains(out, "EAP-") || s.ikeSAs() != 0 {
		t.Errorf("%v: the operator reads %q", err, out)
	}
}
