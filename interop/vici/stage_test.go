// Package vici_test holds Culvert's VICI against Debian's swanctl and strongSwan's charon.
//
//	moon (Culvert) 10.99.1.1 --- 10.99.1.2 sun (charon) 10.99.2.2 --- 10.99.2.1 mars (charon)
//
// Moon and mars read the same swanctl.conf, but for the third octet of their addresses, and are driven by the same commands.
package vici_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"culvert/interop/lab"
)

// A stage is the three hosts with their daemons.
type stage struct {
	*lab.Lab
	moon, mars, sun *lab.Swanctl
	ours            *lab.Culvert
	onMars, onSun   *lab.Charon
}

// client is the swanctl.conf of moon (1) and mars (2).
func client(n int) string {
	return fmt.Sprintf(`
connections {
  site {
    version = 2
    local_addrs = 10.99.%[1]d.1
    remote_addrs = 10.99.%[1]d.2
    proposals = aes256-sha256-ecp256
    dpd_delay = 60s
    rekey_time = 2h
    local {
      auth = psk
      id = client-%[1]d.example.org
    }
    remote {
      auth = psk
      id = sun.example.org
    }
    children {
      net {
        local_ts = 10.1.%[1]d.0/24
        remote_ts = 10.2.0.0/24
        esp_proposals = aes128gcm16-ecp256
        rekey_time = 30m
      }
      web {
        local_ts = 10.1.%[1]d.0/24[tcp]
        remote_ts = 10.2.0.0/24[tcp/http]
        start_action = trap
      }
    }
  }
}
secrets {
  ike-site {
    id-1 = client-%[1]d.example.org
    id-2 = sun.example.org
    secret = "interoperable-and-long-enough"
  }
}
pools {
  guests {
    addrs = 10.3.0.0/24
    dns = 10.1.0.53
  }
%[2]s
}
authorities {
  house {
    cacert = ca.pem
    crl_uris = http://crl.example.org/ca.crl
  }
}
`, n, extents())
}

// extents are pools of prefixes of all kinds.
func extents() string {
	var b strings.Builder
	for i, addrs := range []string{"10.4.0.5/24", "10.5.0.0/30", "10.5.0.4/31", "10.5.0.7/31", "10.5.0.8/32", "fd09::/120", "fd0a::5/120", "fd0b::/126", "fd0c::/127", "fd0c::3/127", "fd0d::1/128", "fd0e::/64"} {
		fmt.Fprintf(&b, "  extent%02d {\n    addrs = %s\n  }\n", i, addrs)
	}
	return b.String()
}

// server is the swanctl.conf of sun.
const server = `
connections {
  site {
    local_addrs = %any
    proposals = aes256-sha256-ecp256
    local {
      auth = psk
      id = sun.example.org
    }
    remote {
      auth = psk
      id = *.example.org
    }
    children {
      net {
        local_ts = 10.2.0.0/24
        remote_ts = 10.1.0.0/16
        esp_proposals = aes128gcm16-ecp256
      }
    }
  }
}
secrets {
  ike-site {
    id-1 = client-1.example.org
    id-2 = client-2.example.org
    id-3 = sun.example.org
    secret = "interoperable-and-long-enough"
  }
}
`

func newStage(t *testing.T) *stage {
	t.Helper()
	l := lab.New(t)
	moon, mars, sun := l.Host("moon"), l.Host("mars"), l.Host("sun")
	l.Link(moon, sun, []string{"10.99.1.1/24"}, []string{"10.99.1.2/24"})
	l.Link(mars, sun, []string{"10.99.2.1/24"}, []string{"10.99.2.2/24"})
	moon.Address("10.1.1.1/24")
	mars.Address("10.1.2.1/24")
	sun.Address("10.2.0.1/24")
	s := &stage{Lab: l, moon: moon.Swanctl(), mars: mars.Swanctl(), sun: sun.Swanctl()}
	s.onSun, s.onMars = sun.Charon(""), mars.Charon("")
	s.ours = moon.Culvert(fmt.Sprintf("daemon {\n  log_level = \"debug\"\n}\nvici {\n  socket = %q\n}\n", moon.VICI()))
	ca := authority(t)
	for i, h := range []*lab.Host{moon, mars} {
		h.Write("swanctl/x509ca/ca.pem", ca)
		h.Write("swanctl/swanctl.conf", client(i+1))
	}
	sun.Write("swanctl/swanctl.conf", server)
	s.sun.Must("--load-all", "--noprompt")
	s.mars.Must("--load-all", "--noprompt")
	return s
}

// authority is the certificate of one, in PEM.
func authority(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{Country: []string{"CH"}, CommonName: "House CA"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// says expects parts of the output of a command.
func (s *stage) says(t *testing.T, out string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(out, p) {
			t.Errorf("%q is not in\n%s", p, out)
		}
	}
}

// awaitOutput waits until a command on moon says something.
func (s *stage) awaitOutput(what string, args ...string) {
	s.Helper()
	s.Await("swanctl "+strings.Join(args, " ")+" to say "+what, func() bool { return strings.Contains(s.moon.Must(args...), what) })
}
