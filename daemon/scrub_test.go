package daemon

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"

	"culvert/api"
	"culvert/swanctl/settings"
)

// The daemon takes out of a text what it has loaded, wherever that came from, also while the file on the disk is broken.
func TestDaemonScrubsSecretsFromEverywhere(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.viciBlock()+west.site(east, "", ""))
	west.start()
	c := west.controller()
	c.load("load-shared", new(settings.Section).Add("id", "v").Add("type", "IKE").Add("data", "loaded over VICI").AddList("owners", "v.example.org"))
	text, err := os.ReadFile(west.config())
	if err != nil {
		t.Fatal(err)
	}
	candidate := string(text) + `secret "tried" {
  ids = ["t.example.org"]
  psk = "loaded over the interface"
}
`
	if _, err := west.client.Apply(t.Context(), api.Proposed{Draft: api.Draft{Text: candidate}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(west.config(), []byte("connection {"), 0o600); err != nil {
		t.Fatal(err)
	}
	secrets := []string{psk, "loaded over VICI", "loaded over the interface"}
	var report strings.Builder
	for _, s := range secrets {
		fmt.Fprintf(&report, "plain %s, in hexadecimal %x, in base64 %s\n", s, s, base64.StdEncoding.EncodeToString([]byte(s)))
	}
	clean, removed, err := west.client.Scrub(t.Context(), []byte(report.String()))
	if err != nil || removed != 9 {
		t.Errorf("%d places, %v:\n%s", removed, err, clean)
	}
	for _, s := range secrets {
		if strings.Contains(string(clean), s) {
			t.Errorf("%q is in\n%s", s, clean)
		}
	}
	if says(west.log.String(), "management request", "/v1/scrub") {
		t.Error("a request that changes nothing is told of")
	}
}
