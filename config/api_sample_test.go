package config

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"culvert/explain"
)

func apiSamples() []sample {
	const pair = "certificate = \"gw.pem\"\nkey = \"gw.key\"\n"
	const rest = pair + "client_ca = \"ca.pem\""
	const listen = "listen = \"192.0.2.1:4501\"\n"
	return []sample{
		{option: "listen", value: `["192.0.2.1:4501", "[2001:db8::1]:4501"]`, with: rest},
		{option: "listen", value: `"[::ffff:192.0.2.1]:4501"`, text: `["192.0.2.1:4501"]`, with: rest},
		{option: "listen", value: `"192.0.2.1:4501"`, with: pair, code: missing},
		{option: "listen", value: `"192.0.2.1"`, with: rest, code: badValue},
		{option: "listen", value: `"192.0.2.1:0"`, with: rest, code: badValue},
		{option: "listen", value: `"[fe80::1%eth0]:4501"`, with: rest, code: badValue},
		{option: "listen", value: `"localhost:4501"`, with: rest, code: badValue},
		{option: "certificate", value: `"gw.pem"`, text: "[]", with: listen + "key = \"gw.key\"\nclient_ca = \"ca.pem\""},
		{option: "certificate", value: `"gw.pem"`, with: "key = \"gw.key\"", code: clash},
		{option: "certificate", value: `"office.psk"`, code: badFile},
		{option: "key", value: `"gw.key"`, text: "-", with: listen + "certificate = \"gw.pem\"\nclient_ca = \"ca.pem\""},
		{option: "key", value: `"absent.key"`, code: noFile},
		{option: "client_ca", value: `["ca.pem"]`, text: "[]", with: listen + pair},
		{option: "client_ca", value: `["absent.pem"]`, code: noFile},
		{option: "crl", value: `["ca.crl"]`, text: "[]", with: listen + rest},
		{option: "crl", value: `"ca.crl"`, code: clash},
		{option: "web", value: `"[::1]:8080"`},
		{option: "web", value: `"127.0.0.1:0"`},
		{option: "web", value: `"off"`},
		{option: "web", value: `"192.0.2.1:80"`, code: badValue},
		{option: "web", value: `"localhost"`, code: badValue},
		{option: "web", value: `false`, code: wrongType},
		{option: "session", value: `"1m"`},
		{option: "session", value: `"13h"`, code: badValue},
	}
}

func roleSamples() []sample {
	digits := strings.Repeat("0a", 32)
	return []sample{
		{option: "users", value: `["nagios", "1000"]`},
		{option: "users", value: `"a b"`, code: badValue},
		{option: "groups", value: `["monitoring"]`},
		{option: "groups", value: `7`, code: wrongType},
		{option: "clients", value: `["monitor.example.org", "*@example.org", "C=CH, CN=monitor"]`},
		{option: "clients", value: `"sha256:` + digits + `"`, text: `["sha256:` + digits + `"]`},
		{option: "clients", value: `"sha256:` + digits[2:] + `"`, code: badValue},
		{option: "clients", value: `"sha256:xyz"`, code: badValue},
		{option: "clients", value: `"%any"`, code: clash},
		{option: "clients", value: `true`, code: wrongType},
	}
}

func TestRolesAreOfKnownNames(t *testing.T) {
	_, found := load("api {\n  role \"root\" {\n    users = [\"carol\"]\n  }\n}\n")
	if !has(found, explain.ConfigBadName, 2) {
		t.Errorf("got %s", found)
	}
	c := mustLoad(t, "api {\n  role \"read\" {\n    users = [\"carol\"]\n  }\n  role \"administer\" {}\n}\n")
	if len(c.API.Roles) != 2 || !slices.Equal(c.API.Roles[0].Users, []string{"carol"}) {
		t.Errorf("got %+v", c.API.Roles)
	}
}

func TestWithoutTheBlockThereIsOnlyThePage(t *testing.T) {
	c := mustLoad(t, "")
	if a := c.API; len(a.Listen) > 0 || len(a.Roles) > 0 || a.Web.String() != "127.0.0.1:4580" {
		t.Errorf("got %+v", a)
	}
}

// Fingerprints name one certificate, identities every one that confirms them.
func TestClientsAreToldByTheirCertificates(t *testing.T) {
	made := newIdentity(t, "monitor", func(c *x509.Certificate) { c.DNSNames = []string{"monitor.example.org"} })
	block, _ := pem.Decode([]byte(made.certificate))
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(leaf.Raw)
	for written, want := range map[string]bool{
		"monitor.example.org": true, "*.example.org": true, "MONITOR.example.org": true, "other.example.org": false, "monitor@example.org": false,
		fmt.Sprintf("sha256:%x", sum): true, "sha256:" + strings.Repeat("00", 32): false,
	} {
		c := mustLoad(t, "api {\n  role \"read\" {\n    clients = [\""+written+"\"]\n  }\n}\n")
		if got := c.API.Roles[0].Clients[0].Is(leaf); got != want {
			t.Errorf("%s: %v", written, got)
		}
	}
}
