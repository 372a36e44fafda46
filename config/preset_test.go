package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// ofType loads a connection of a peer type; more are options of the connection, behind its blocks.
func ofType(t *testing.T, peer PeerType, more string) *Connection {
	t.Helper()
	text := fmt.Sprintf(`connection "c" {
  child "net" { local = ["10.1.0.0/16"] }
  remote { id = "peer.example.org" }
  %s
  peer_type = %q
}
secret "c" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`, more, peer)
	c, found := (Source{Files: fstest.MapFS{"c.hcl": {Data: []byte(text)}}}).Load("/c.hcl")
	if c == nil {
		t.Fatalf("%s: %s", peer, found)
	}
	return c.Connections[0]
}

func TestPresetsHaveProposalsThatParse(t *testing.T) {
	for _, p := range presets() {
		for protocol, words := range map[wire.ProtocolID][]string{wire.ProtocolIKE: p.ike, wire.ProtocolESP: p.esp} {
			if list, err := suite.ParseProposals(protocol, words); err != nil || len(words) > 0 && len(list) != len(words) {
				t.Errorf("%s: %v", p.peer, err)
			}
		}
	}
}

func TestPeerTypeChangesDefaultsWhereverItStands(t *testing.T) {
	for _, p := range presets() {
		c := ofType(t, p.peer, "")
		child := c.Children[0]
		if p.ike != nil && len(c.Proposals) != len(p.ike) || p.rekey != 0 && c.RekeyTime != p.rekey || c.Local.AllowSHA1 != p.sha1 || c.Remote.AllowSHA1 != p.sha1 {
			t.Errorf("%s: %d proposals, rekey_time %v", p.peer, len(c.Proposals), c.RekeyTime)
		}
		if p.childRekey != 0 && child.RekeyTime != p.childRekey || p.leaveRekeys != (child.RekeyTime == 0) {
			t.Errorf("%s: child %+v", p.peer, child)
		}
		if p.childRekey != 0 && child.LifeTime <= child.RekeyTime {
			t.Errorf("%s: the child ends after %v, before it is rekeyed", p.peer, child.LifeTime)
		}
	}
}

func TestGivenOptionsCountMoreThanThePeerType(t *testing.T) {
	c := ofType(t, "windows", `proposals = "aes256-sha256-modp3072"
  rekey_time = "2h"`)
	if len(c.Proposals) != 1 || c.RekeyTime != 2*time.Hour {
		t.Errorf("%d proposals, rekey_time %v", len(c.Proposals), c.RekeyTime)
	}
}

func TestPeerTypeThatIsNone(t *testing.T) {
	text := strings.Replace(fmt.Sprintf("connection \"c\" {\n  peer_type = %q\n}\n", "window"), "window\"", "window\"", 1)
	_, found := (Source{Files: fstest.MapFS{"c.hcl": {Data: []byte(text)}}}).Load("/c.hcl")
	if !strings.Contains(found.String(), `did you mean "windows"`) {
		t.Errorf("got %s", found)
	}
}

// What each kind of peer sends by itself is accepted.
func TestPresetsAcceptWhatTheirPeersOffer(t *testing.T) {
	for peer, offers := range map[PeerType][2]string{
		"windows":        {"aes256-sha384-modp2048", "aes256-sha1"},
		"apple":          {"aes256-sha256-modp2048", "aes256-sha256"},
		"android":        {"aes256gcm16-prfsha256-x25519", "aes256gcm16"},
		"strongswan-app": {"aes256-sha256-ecp256", "aes256gcm16"},
		"aws":            {"aes128-sha256-modp2048", "aes128-sha256-modp2048"},
		"azure":          {"aes256-sha256-ecp384", "aes256gcm16"},
		"gcp":            {"aes256gcm16-prfsha256-modp4096", "aes256gcm16-modp4096"},
		"cisco":          {"aes256-sha512-ecp521", "aes256-sha256-ecp256"},
		"mikrotik":       {"aes128-sha256-modp2048", "aes256-sha256-modp2048"},
	} {
		c := ofType(t, peer, "")
		for i, protocol := range []wire.ProtocolID{wire.ProtocolIKE, wire.ProtocolESP} {
			offer, err := suite.ParseProposals(protocol, []string{offers[i]})
			if err != nil {
				t.Fatal(err)
			}
			ours := [][]wire.Proposal{c.Proposals, c.Children[0].Proposals}[i]
			if _, err := suite.Select(offer, ours, suite.SelectOptions{}); err != nil {
				t.Errorf("%s: %s: %v", peer, offers[i], err)
			}
		}
	}
}

// A peer_type whose defaults have old algorithms is no reason to be warned; writing them down is.
func TestWeakAlgorithmsOfAPeerTypeAreNoted(t *testing.T) {
	for more, want := range map[string]Severity{"": Note, `proposals = "aes256-sha1-modp2048"`: Warning} {
		text := "connection \"c\" {\n peer_type = \"windows\"\n " + more + "\n}\nsecret \"c\" { psk = \"0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029\" }\n"
		_, found := (Source{Files: fstest.MapFS{"c.hcl": {Data: []byte(text)}}}).Load("/c.hcl")
		weak := slices.IndexFunc(found, func(d Diagnostic) bool { return d.Code == explain.ConfigWeakAlgorithm })
		if weak < 0 || found[weak].Severity != want {
			t.Errorf("%q: want %v: %s", more, want, found)
		}
	}
}
