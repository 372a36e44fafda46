package interop_test

import (
	"fmt"
	"strings"
	"testing"
)

// candidate is a connection of a gateway for anybody who proves the right thing.
func candidate(name, remote string) string {
	return fmt.Sprintf(`
  %s {
    local_addrs = 10.99.0.1
    mobike = no
    local {
      auth = pubkey
      certs = moon.pem
      id = moon.example.org
    }
    remote {
      %s
    }
    children {
      net-%s {
        local_ts = 10.1.0.0/24
        remote_ts = 10.2.0.0/24
      }
    }
  }`, name, strings.ReplaceAll(remote, "; ", "\n      "), name)
}

// initiator is a connection of charon to that gateway.
func initiator(name, local string) string {
	return fmt.Sprintf(`
  %s {
    local_addrs = 10.99.0.2
    remote_addrs = 10.99.0.1
    mobike = no
    local {
      id = sun.example.org
      %s
    }
    remote {
      auth = pubkey
      id = moon.example.org
    }
    children {
      net-%s {
        local_ts = 10.2.0.0/24
        remote_ts = 10.1.0.0/24
      }
    }
  }`, name, strings.ReplaceAll(local, "; ", "\n      "), name)
}

const candidateSecrets = `
secrets {
  eap-carol {
    id = carol
    secret = "a password, moderately long"
  }
  eap-dave {
    id = dave
    secret = "another password, as long"
  }
}
`

// One charon connects in turn as several peers of one name, and each time gets the connection whose demands it meets: by the hash of
// its signature, by its authority, by its name in EAP.
func TestConnectionIsChosenByWhatCharonProves(t *testing.T) {
	s := newScene(t)
	first, second := newPKI(s, "rsa"), newPKI(s, "ecdsa-256")
	gateway := "connections {" + candidate("research", "auth = rsa-ike:rsa-sha384; cacerts = ca.pem") + candidate("accounting", "auth = rsa-ike:rsa-sha512; cacerts = ca.pem") +
		candidate("guests", "auth = pubkey; cacerts = ca2.pem") + candidate("carol", "auth = eap-mschapv2; eap_id = carol") + candidate("dave", "auth = eap-mschapv2; eap_id = dave") + "\n}\n"
	s.moon.Write("swanctl/swanctl.conf", gateway+candidateSecrets)
	client := "connections {" + initiator("research", "auth = pubkey-sha384; certs = sun.pem") + initiator("accounting", "auth = pubkey-sha512; certs = sun.pem") +
		initiator("guests", "auth = pubkey; certs = sun2.pem") + initiator("carol", "auth = eap-mschapv2; eap_id = carol") + initiator("dave", "auth = eap-mschapv2; eap_id = dave") +
		initiator("nobody", "auth = pubkey-sha256; certs = sun.pem") + "\n}\n"
	s.sun.Write("swanctl/swanctl.conf", client+candidateSecrets)
	for as, text := range map[string]string{"x509ca/ca.pem": first.read(s, "ca.pem"), "x509ca/ca2.pem": second.read(s, "ca.pem")} {
		s.moon.Write("swanctl/"+as, text)
		s.sun.Write("swanctl/"+as, text)
	}
	s.moon.Write("swanctl/x509/moon.pem", first.read(s, "moon.pem"))
	s.moon.Write("swanctl/private/moon.key", first.read(s, "moon.key"))
	for i, p := range map[string]*pki{"": first, "2": second} {
		s.sun.Write("swanctl/x509/sun"+i+".pem", p.read(s, "sun.pem"))
		s.sun.Write("swanctl/private/sun"+i+".key", p.read(s, "sun.key"))
	}
	s.theirs = s.sun.Charon("")
	s.theirs.Swanctl("--load-all", "--noprompt")
	s.before = s.kernelState()
	s.ours = s.moon.CulvertTree()

	for _, name := range []string{"dave", "carol", "guests", "accounting", "research"} {
		t.Run(name, func(t *testing.T) {
			defer s.lend(t)()
			s.theirs.Swanctl("--initiate", "--child", "net-"+name)
			s.Await("the child on both sides", func() bool { return s.children() == 1 && s.theirs.Installed() == 1 })
			if sa := s.ours.Status().SAs[0]; sa.Connection != name || sa.Children[0].Name != "net-"+name {
				t.Errorf("the connection is %s with the child %s", sa.Connection, sa.Children[0].Name)
			}
			s.carries([][2]string{{"10.1.0.1", "10.2.0.1"}})
			s.ours.Must("down", name)
			s.Await("charon to forget the IKE SA", func() bool { return strings.TrimSpace(s.theirs.SAs()) == "" })
		})
	}
	if out, err := s.theirs.TrySwanctl("--initiate", "--child", "net-nobody"); err == nil {
		t.Errorf("a peer that meets no demands is let in: %s", out)
	}
	s.leavesNothing()
}
