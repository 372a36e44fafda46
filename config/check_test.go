package config

import (
	"fmt"
	"strings"
	"testing"

	"culvert/explain"
)

// peerTo makes a connection to a peer, with further lines.
func peerTo(name, address string, lines ...string) string {
	return fmt.Sprintf("connection %q {\n  remote { address = %q }\n%s\n}\n", name, address, strings.Join(lines, "\n"))
}

// carrying makes a child.
func carrying(name, local, remote string, lines ...string) string {
	return fmt.Sprintf("child %q {\n local = %q\n remote = %q\n%s\n}", name, local, remote, strings.Join(lines, "\n"))
}

const anySecret = "secret \"any\" {\n ids = [\"%any\"]\n psk = \"0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029\"\n}\n"

// finds checks that a text has a diagnostic, or none but "".
func finds(t *testing.T, text string, severity Severity, code explain.Code, says string) {
	t.Helper()
	_, found := load(text)
	if code == "" {
		if len(found) != 0 {
			t.Errorf("want nothing, got\n%s", found)
		}
		return
	}
	for _, d := range found {
		if d.Severity == severity && d.Code == code && strings.Contains(d.String(), says) {
			return
		}
	}
	t.Errorf("want %s %s with %q, got\n%s", severity, code, says, found)
}

func TestConnectionsThatStartNeedAnAddress(t *testing.T) {
	child := func(line string) string { return "child \"c\" {\n" + line + "\n}" }
	tests := []struct {
		name, text, says string
		code             explain.Code
	}{
		{"start to a name", peerTo("a", "vpn.example.net", child(`start = "start"`)), "", ""},
		{"start to an address", peerTo("a", "192.0.2.1", child(`start = "trap"`)), "", ""},
		{"wait for a network", peerTo("a", "192.0.2.0/24", child("")), "", ""},
		{"start to a network", peerTo("a", "192.0.2.0/24", child(`start = "start"`)), "start asks to connect", explain.ConfigNotReachable},
		{"trap for anybody", peerTo("a", "%any", child(`start = "trap"`)), "start asks to connect", explain.ConfigNotReachable},
		{"start in transport mode for anybody", peerTo("a", "%any", child("mode = \"transport\"\nstart = \"trap|start\"")), "start asks to connect", explain.ConfigNotReachable},
		{"on_close for anybody", peerTo("a", "%any", child(`on_close = "start"`)), "on_close asks to connect", explain.ConfigNotReachable},
		{"dpd_action for anybody", peerTo("a", "%any", child(`dpd_action = "restart"`)), "dpd_action asks to connect", explain.ConfigNotReachable},
		{"keep_up for anybody", peerTo("a", "%any", "keep_up = true", child("")), "keep_up asks to connect", explain.ConfigNotReachable},
		{"no remote at all", "connection \"a\" {\n" + child(`start = "start"`) + "\n}\n", "start asks to connect", explain.ConfigNotReachable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { finds(t, tt.text+anySecret, Error, tt.code, tt.says) })
	}
}

func TestOurEndHasToBeListenedOn(t *testing.T) {
	with := func(daemon, local string) string {
		return "daemon {\n" + daemon + "\n}\nconnection \"a\" {\n local {\n" + local + "\n}\n child \"c\" {}\n}\n" + anySecret
	}
	tests := []struct {
		name, text, says string
		code             explain.Code
	}{
		{"everywhere", with("", `address = "192.0.2.1"`), "", ""},
		{"the very address", with(`listen = "192.0.2.1"`, `address = "192.0.2.1"`), "", ""},
		{"an address of the prefix", with(`listen = "192.0.2.1"`, `address = "192.0.2.0/24"`), "", ""},
		{"another address", with(`listen = "192.0.2.1"`, `address = "192.0.2.2"`), "does not listen on 192.0.2.2", explain.ConfigReference},
		{"the other family", with(`listen = "192.0.2.1"`, `address = "2001:db8::/32"`), "does not listen on 2001:db8::/32", explain.ConfigReference},
		{"the port of the daemon", with("port = 501", "port = 501"), "", ""},
		{"its other port", with("nat_port = 4501", "port = 4501"), "", ""},
		{"a port of nobody", with("", "port = 501"), "the daemon listens on 500 and 4500", explain.ConfigReference},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { finds(t, tt.text, Error, tt.code, tt.says) })
	}
}

func TestSecretsHaveToFitConnections(t *testing.T) {
	const key = "psk = \"0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029\"\n"
	ids := func(list ...string) string {
		return fmt.Sprintf("secret \"s\" {\n ids = [\"%s\"]\n%s}\n", strings.Join(list, `", "`), key)
	}
	sides := func(local, remote string) string {
		return "connection \"a\" {\n local {\n" + local + "\n}\n remote {\n" + remote + "\n}\n child \"c\" {}\n}\n"
	}
	us, them := `id = "us.example.org"`, `id = "them.example.org"`
	tests := []struct {
		name, text string
		code       explain.Code
	}{
		{"named after the connection", sides(us, them) + "secret \"a\" {\n" + key + "}\n", ""},
		{"both identities", sides(us, them) + ids("us.example.org", "them.example.org"), ""},
		{"the peer's identity", sides(us, them) + ids("them.example.org"), ""},
		{"our identity alone", sides(us, them) + ids("us.example.org"), ""},
		{"a pattern", sides(us, them) + ids("*.example.org"), ""},
		{"our address", sides(`address = "192.0.2.1"`, them) + ids("192.0.2.1"), ""},
		{"any peer", sides(us, "") + ids("us.example.org", "other.example.org"), ""},
		{"a peer by a pattern", sides(us, `id = "*.example.org"`) + ids("them.example.org"), ""},
		{"nobody's", sides(us, them), explain.ConfigNoSecret},
		{"somebody else's", sides(us, them) + ids("other.example.com", "another.example.com"), explain.ConfigNoSecret},
		{"ours with somebody else", sides(us, them) + ids("us.example.org", "other.example.org"), explain.ConfigNoSecret},
		{"of a connection that is not there", sides(us, them) + ids("%any") + "secret \"b\" {\n" + key + "}\n", explain.ConfigReference},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { finds(t, tt.text, Error, tt.code, "") })
	}
}

func TestSecretWithoutUseIsWarnedOf(t *testing.T) {
	gw := newIdentity(t, "gw")
	files := map[string]string{"gw.pem": gw.certificate, "gw.key": gw.key}
	_, found := loadFiles("certificate = \"gw.pem\"\nkey = \"gw.key\"", "ca = \"gw.pem\"\n}\n}\nsecret \"a\" {\npsk = \"0x9b1c6f2d8e3a4750c1b2a3948576f0e1\"\n}\nconnection \"b\" {\nlocal {\nauth = \"psk\"\n}\nremote {\n", files)
	if !has(found, explain.ConfigUnused, 0) || !strings.Contains(found.String(), "both sides of the connection authenticate otherwise") {
		t.Error(found)
	}
}

func TestChildrenThatClaimTheSameTrafficAreWarnedOf(t *testing.T) {
	const ours, theirs = "10.9.0.0/16", "10.1.0.0/16"
	tests := []struct {
		name, one, two string
		warned         bool
	}{
		{"the same", carrying("x", ours, theirs), carrying("y", ours, theirs), true},
		{"one inside the other", carrying("x", ours, theirs), carrying("y", ours, "10.1.7.0/24"), false},
		{"one inside on both sides", carrying("x", ours, theirs), carrying("y", "10.9.1.0/24", "10.1.7.0/24"), false},
		{"crosswise", carrying("x", ours, "10.1.7.0/24"), carrying("y", "10.9.1.0/24", theirs), true},
		{"overlapping ranges", carrying("x", ours, "10.1.0.1-10.1.0.9"), carrying("y", ours, "10.1.0.5-10.1.0.20"), true},
		{"apart", carrying("x", ours, theirs), carrying("y", ours, "10.2.0.0/16"), false},
		{"other family", carrying("x", ours, theirs), carrying("y", "2001:db8::/32", "2001:db8:1::/48"), false},
		{"other port", carrying("x", ours, theirs+"[tcp/80]"), carrying("y", ours, theirs+"[tcp/443]"), false},
		{"one port of all", carrying("x", ours, theirs), carrying("y", ours, theirs+"[tcp/443]"), false},
		{"other priority", carrying("x", ours, theirs), carrying("y", ours, theirs, "priority = 1"), false},
		{"both dynamic", carrying("x", "dynamic", "dynamic"), carrying("y", "dynamic", "dynamic"), true},
		{"dynamic and not", carrying("x", "dynamic", theirs), carrying("y", ours, theirs), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code := explain.Code("")
			if tt.warned {
				code = explain.ConfigOverlap
			}
			finds(t, peerTo("a", "192.0.2.1", tt.one, tt.two)+anySecret, Warning, code, "claim the same traffic")
			if strings.Contains(tt.one, "dynamic") || strings.Contains(tt.name, "crosswise") || strings.Contains(tt.name, "ranges") {
				return // of different connections only the very same is seen
			}
			finds(t, peerTo("a", "192.0.2.1", tt.one)+peerTo("b", "192.0.2.2", tt.two)+anySecret, Warning, code, "a/x and b/y claim the same traffic")
		})
	}
}

func TestConnectionsForTheSamePeerAreWarnedOf(t *testing.T) {
	one := peerTo("a", "192.0.2.1", carrying("x", "10.9.0.0/16", "10.1.0.0/16"))
	other := func(address string, lines ...string) string {
		return peerTo("b", address, append(lines, carrying("y", "10.9.0.0/16", "10.2.0.0/16"))...)
	}
	finds(t, one+other("192.0.2.1")+anySecret, Warning, explain.ConfigOverlap, "a peer that connects always gets the first one")
	finds(t, one+other("192.0.2.2")+anySecret, Warning, "", "")
	finds(t, one+other("192.0.2.1", "local { id = \"b.example.org\" }")+anySecret, Warning, "", "")
	stricter := strings.Replace(other("192.0.2.1"), "remote { address = \"192.0.2.1\" }", "remote {\n address = \"192.0.2.1\"\n groups = [\"board\"]\n}", 1)
	finds(t, one+stricter+anySecret, Warning, "", "")
}

func TestWeakAlgorithmsAreWarnedOf(t *testing.T) {
	for proposal, weak := range map[string]string{
		"aes256-sha256-x25519":                         "",
		"aes256gcm16-prfsha256-modp2048":               "",
		"aes256-sha1-x25519":                           "SHA-1",
		"aes256-sha256-modp1024":                       "can be broken",
		"aes256-sha256-modp1536":                       "can be broken",
		"aes256gcm16-prfsha1-x25519":                   "SHA-1",
		"aes256-sha256-sha1-prfsha256-x25519-modp1536": "SHA-1",
	} {
		code := explain.Code("")
		if weak != "" {
			code = explain.ConfigWeakAlgorithm
		}
		finds(t, peerTo("a", "192.0.2.1", "proposals = \""+proposal+"\"", `child "c" {}`)+anySecret, Warning, code, weak)
	}
	finds(t, peerTo("a", "192.0.2.1", "child \"c\" { esp_proposals = \"aes256-sha1\" }")+anySecret, Warning, explain.ConfigWeakAlgorithm, "SHA-1")
}

func TestPoolsHaveToBeOfUse(t *testing.T) {
	gateway := func(name string, pools string) string {
		return fmt.Sprintf("connection %q {\n remote { id = \"%s.example.org\" }\n pools = [%s]\n child \"c\" {}\n}\n", name, name, pools)
	}
	pool := func(name, lines string) string { return fmt.Sprintf("pool %q {\n%s\n}\n", name, lines) }
	tests := []struct {
		name, text, says string
		severity         Severity
		code             explain.Code
	}{
		{"used", gateway("a", `"p"`) + pool("p", `addresses = "10.0.0.0/24"`), "", Warning, ""},
		{"not used", pool("p", `addresses = "10.0.0.0/24"`), "no connection uses", Warning, explain.ConfigUnused},
		{"not there", gateway("a", `"clients"`) + pool("client", `addresses = "10.0.0.0/24"`), `did you mean "client"?`, Error, explain.ConfigReference},
		{"smaller than its connections", gateway("a", `"p"`) + gateway("b", `"p"`) + pool("p", `addresses = "10.0.0.7"`), "1 address for 2 connections", Warning, explain.ConfigPoolSize},
		{"overlapping another", gateway("a", `"p", "q"`) + pool("p", `addresses = "10.0.0.0/24"`) + pool("q", `addresses = "10.0.0.200-10.0.1.9"`), "overlaps", Error, explain.ConfigOverlap},
		{"overlapping beyond a smaller one", gateway("a", `"p", "q", "r"`) + pool("p", `addresses = "10.0.0.0-10.0.0.99"`) + pool("q", `addresses = "10.0.0.7"`) + pool("r", `addresses = "10.0.0.50"`), "10.0.0.50 of pool \"r\" overlaps", Error, explain.ConfigOverlap},
		{"overlapping itself", gateway("a", `"p"`) + pool("p", `addresses = ["10.0.0.0/24", "10.0.0.9"]`), "overlaps", Error, explain.ConfigOverlap},
		{"next to another", gateway("a", `"p", "q"`) + pool("p", `addresses = "10.0.0.1-10.0.0.9"`) + pool("q", `addresses = "10.0.0.10-10.0.0.19"`), "", Warning, ""},
		{"excluding what it lacks", gateway("a", `"p"`) + pool("p", "addresses = \"10.0.0.0/24\"\nexclude = \"10.0.1.1\""), "outside of the pool's addresses anyway", Warning, explain.ConfigUnused},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { finds(t, tt.text+anySecret, tt.severity, tt.code, tt.says) })
	}
}

func TestConnectionWithoutChildrenIsWarnedOf(t *testing.T) {
	finds(t, peerTo("a", "192.0.2.1")+anySecret, Warning, explain.ConfigUnused, "has no child")
	finds(t, peerTo("a", "192.0.2.1", `childless = "force"`)+anySecret, Warning, "", "")
}

func TestGuessableSecretIsWarnedOf(t *testing.T) {
	text := strings.Replace(anySecret, "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029", "swordfish", 1)
	finds(t, peerTo("a", "192.0.2.1", `child "c" {}`)+text, Warning, explain.AuthPSKWeak, "can be guessed")
}
