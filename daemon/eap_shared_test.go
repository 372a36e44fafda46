package daemon

import (
	"strings"
	"testing"

	"culvert/eap"
	"culvert/ike"
)

// Connections that authenticate by EAP in the same way have one server, so that the connection may be chosen again after it.
func TestConnectionsShareWhatAuthenticatesByEAP(t *testing.T) {
	const text = `
connection "one" {
  remote {
    eap {
      users    = "staff"
      methods  = ["mschapv2"]
      identity = "*@example.org"
    }
    groups = ["board"]
  }
}
connection "two" {
  remote {
    eap {
      users   = "OTHER"
      methods = METHODS
    }
  }
}
users "staff" {
  user "carol" { cleartext = "a password" }
}
users "guests" {
  user "carol" { cleartext = "a password" }
}
secret "one" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
secret "two" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`
	for values, want := range map[[2]string]bool{
		{"staff", `["mschapv2"]`}: true, {"guests", `["mschapv2"]`}: false, {"staff", `["mschapv2", "md5"]`}: false,
	} {
		list := Connections(loaded(t, strings.NewReplacer("OTHER", values[0], "METHODS", values[1]).Replace(text)), 500)
		server := func(c *ike.Connection) eap.Server { return c.RemoteAuth[0].EAP }
		if got := server(list[0]) == server(list[1]); got != want {
			t.Errorf("%v: one server is %v", values, got)
		}
	}
}
