package interop_test

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"

	"culvert/eap/usim"
	"culvert/interop/lab"
)

const (
	simIMSI = "232010000000000"
	simKeys = "k=465b5ce8b199b49faa5f0a2ee238a6bc opc=cd63cb71954a9f4e48a5994e37a02baf"
)

// numbers are sequence numbers in memory.
type numbers struct{ last uint64 }

func (n *numbers) Update(next func(uint64) (uint64, error)) error {
	number, err := next(n.last)
	if err == nil {
		n.last = number
	}
	return err
}

// startHostapd runs hostapd's EAP server beside charon, which asks it by RADIUS. Debian's charon has no SIM of its own, in
// either role.
func (s *scene) startHostapd() {
	s.Helper()
	keys, err := usim.ParseKeys(simKeys)
	if err != nil {
		s.Fatal(err)
	}
	centre, err := usim.NewCentre(keys, &numbers{}, rand.Reader)
	if err != nil {
		s.Fatal(err)
	}
	home := filepath.Join(s.Dir, "home")
	lab.Home(s.TB, home, centre)
	conf := s.sun.Write("hostapd.conf", fmt.Sprintf("driver=none\nradius_server_clients=%s\nradius_server_auth_port=1812\neap_server=1\neap_user_file=%s\neap_sim_db=unix:%s\n",
		s.sun.Write("hostapd.clients", "127.0.0.1 "+radiusSecret+"\n"), s.sun.Write("hostapd.users", "\"0\"* AKA\n\"6\"* AKA'\n"), home))
	p := s.sun.Start("hostapd", nil, "hostapd", conf)
	s.Await("hostapd to listen", func() bool {
		out, err := s.sun.Try("ss", "-Hulpn", "sport", "=", ":1812")
		return err == nil && out != ""
	})
	s.Cleanup(p.Stop)
}

// simClient is our configuration with a SIM.
func (s *scene) simClient(method string) string {
	s.Helper()
	s.moon.Write("sim.keys", simKeys+"\n")
	return fmt.Sprintf(`
daemon { state_dir = %q }
connection "site" {
  local {
    address = "10.99.0.1"
    id      = "moon.example.org"
    eap {
      identity = "%s@example.org"
      methods  = [%q]
      sim      = file("sim.keys")
    }
  }
  remote {
    address = "10.99.0.2"
    id      = "sun.example.org"
    ca      = "ca.pem"
  }
  child "net" {
    local  = ["10.1.0.0/24"]
    remote = ["10.2.0.0/24"]
  }
}
`, filepath.Join(s.Dir, "state"), simIMSI, method)
}

// Our SIM logs in to charon, which leaves the proof to hostapd.
func TestSIMLogsInToCharonWithHostapd(t *testing.T) {
	for _, method := range []string{"aka", "aka_prime"} {
		t.Run(method, func(t *testing.T) {
			s := newScene(t)
			p := newPKI(s, "ecdsa-256")
			p.ours(s, "")
			p.theirs(s, "pubkey")
			s.startHostapd()
			s.startCharon(fmt.Sprintf("plugins {\n eap-radius {\n servers {\n hostapd {\n address = 127.0.0.1\n secret = %q\n }\n }\n }\n }\n", radiusSecret),
				eapTheirs("local {\n auth = pubkey\n certs = sun.pem\n id = sun.example.org\n}\nremote {\n auth = eap-radius\n eap_id = %any\n}"))
			s.startCulvert(s.simClient(method))
			s.prove(culvert)
		})
	}
}
