package daemon

import (
	"encoding/hex"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/auth"
	"culvert/config"
	"culvert/eap"
	"culvert/eap/eaptest"
	"culvert/eap/mschapv2"
	"culvert/secret"
)

// loaded reads a configuration that needs no files.
func loaded(t *testing.T, text string) *config.Config {
	t.Helper()
	c, found := config.Source{Files: fstest.MapFS{"culvert.hcl": {Data: []byte(text)}}}.Load("/culvert.hcl")
	if c == nil {
		t.Fatal(found)
	}
	return c
}

const clientAndGateway = `
connection "client" {
  local {
    id = "laptop"
    eap {
      identity = "NAME"
      PROOF
      methods  = METHODS
    }
  }
  remote { auth = "psk" }
}
connection "gateway" {
  remote {
    eap {
      users    = "staff"
      methods  = METHODS
      identity = "*"
    }
    groups = ["board"]
  }
}
users "staff" {
  user "NAME" {
    SIM
    cleartext = "a password"
    nt_hash   = "HASH"
    groups    = ["board"]
  }
}
secret "client"  { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
secret "gateway" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`

// eapText is a configuration for one method.
func eapText(method string) string {
	hash := hex.EncodeToString(mschapv2.NTHash(secret.Bytes("a password")))
	return strings.NewReplacer("METHODS", `"`+method+`"`, "HASH", hash, "NAME", "carol", "PROOF", `password = "a password"`, "SIM", "").Replace(clientAndGateway)
}

// What is configured on two sides makes client and server that understand each other.
func TestEAPIsTranslated(t *testing.T) {
	for method, want := range map[string]eap.Type{"mschapv2": eap.TypeMSCHAPv2, "md5": eap.TypeMD5Challenge} {
		t.Run(method, func(t *testing.T) {
			list := (&translator{config: loaded(t, eapText(method)), port: 500}).connections()
			client, server := list[0].LocalAuth[0], list[1].RemoteAuth[0]
			if client.Method != auth.MethodEAP || server.Method != auth.MethodEAP || client.EAPKeyless != (method == "md5") || server.EAPKeyless != client.EAPKeyless || server.Groups[0] != "board" {
				t.Fatalf("client %+v, server %+v", client, server)
			}
			out := eaptest.Run(t, client.EAP, server.EAP, eaptest.Session("laptop"))
			if out.Client.State != eap.Succeeded || out.Server.Identity != "carol" || out.Server.Method != want || out.Server.Grant.Groups[0] != "board" {
				t.Errorf("client %+v, server %+v", out.Client, out.Server)
			}
		})
	}
}
