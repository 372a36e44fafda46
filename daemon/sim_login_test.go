package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"culvert/api"
)

// simClient and simGateway are two ends of a connection with EAP-AKA' and nothing else: no certificate, no secret.
func simClient(n, gateway *node) string {
	return fmt.Sprintf(`
connection "site" {
  local {
    address = %q
    id      = "laptop.example.org"
    port    = 15501
    eap {
      identity = "%s@example.org"
      methods  = ["aka_prime"]
      sim      = file("sim.keys")
      network  = "office"
    }
  }
  remote {
    address  = %q
    id       = "gw.example.org"
    auth     = "eap"
    port     = 15501
  }
  force_encapsulation = true
  child "net" {
    local  = [%q]
    remote = [%q]
  }
}
`, n.addr, imsi, gateway.addr, n.network, gateway.network)
}

func simGateway(n, client *node, name string) string {
	return fmt.Sprintf(`
connection "site" {
  local {
    address  = %q
    id       = "gw.example.org"
    auth     = "eap"
    port     = 15501
  }
  remote {
    address = %q
    port    = 15501
    eap {
      users   = "staff"
      methods = ["aka_prime", "aka"]
      network = %q
    }
  }
  force_encapsulation = true
  child "net" {
    local  = [%q]
    remote = [%q]
  }
}
users "staff" {
  user %q {
    sim = %q
  }
}
`, n.addr, client.addr, name, n.network, client.network, imsi, simText)
}

// simPair are a client and a gateway, which are not started yet.
func simPair(t *testing.T, network string) (client, gateway *node) {
	t.Helper()
	client, gateway = newNode(t, "laptop", "10.1.0.0/24"), newNode(t, "gw", "10.2.0.0/24")
	if err := os.WriteFile(filepath.Join(client.dir, "sim.keys"), []byte(simText+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client.write("", simClient(client, gateway))
	gateway.write("", simGateway(gateway, client, network))
	return client, gateway
}

// authenticated tells whether the client is known by the name of its account.
func authenticated(s api.Status) bool {
	return len(s.SAs) == 1 && s.SAs[0].Remote.ID == imsi && s.SAs[0].User == imsi && len(s.SAs[0].Remote.Auth) == 1 && s.SAs[0].Remote.Auth[0] == "EAP-AKA'"
}

// A SIM is all that client and gateway have of each other. After a restart of both, and when the gateway has lost its numbers, it
// goes on.
func TestSIMLogsIn(t *testing.T) {
	client, gateway := simPair(t, "office")
	for _, life := range []string{"first", "after a restart", "after the loss of the gateway's numbers"} {
		client.start()
		gateway.start()
		client.up()
		gateway.await("the session "+life, authenticated)
		carries(client, gateway)
		client.stop()
		gateway.stop()
		if life == "after a restart" {
			if err := os.Remove(filepath.Join(gateway.dir, "sims.db")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if says(client.log.String()+gateway.log.String(), "465b5ce8") {
		t.Error("the log shows the keys")
	}
}

func TestSIMRefusesAnotherNetwork(t *testing.T) {
	client, gateway := simPair(t, "elsewhere")
	client.start()
	gateway.start()
	err := client.client.Up(t.Context(), command(api.Target{}), func(api.Event) {})
	if err == nil || !says(err.Error(), `"elsewhere"`, `"office"`) {
		t.Errorf("got %v", err)
	}
}
