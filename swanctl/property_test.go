package swanctl

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"culvert/config"
	"culvert/swanctl/settings"
)

// words are values that mean something to some key, and some that mean nothing to any.
func words() []string {
	return []string{"yes", "no", "0", "1", "2", "500", "4h", "90s", "10g", "%any", "%unique", "%same", "none", "trap", "start", "trap|start", "restart", "clear", "never", "always",
		"tunnel", "transport", "pass", "drop", "iptfs", "psk", "pubkey", "eap-mschapv2", "eap-tls", "ike:rsa-2048-sha256", "default", "aes256gcm16-x25519", "aes128-sha256-modp2048",
		"10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "10.0.0.1-10.0.0.9", "dynamic[tcp/443]", "gw.example.org", "@@carol@example.org", "C=CH, CN=x", "0x11/0xff", "mtu",
		"relaxed", "101110", "", "\x00", "nonsense with ${spaces}", "\"#{}", "/none/such.pem"}
}

// drawSection fills a section with keys of some tables.
func drawSection(t *rapid.T, keys []Key, label string) *settings.Section {
	s := new(settings.Section)
	for range rapid.SampledFrom([]int{0, 0, 1, 1, 5}).Draw(t, label) { // few keys load, many are refused
		k := rapid.SampledFrom(keys).Draw(t, "key")
		name := strings.ReplaceAll(strings.Replace(k.Name, "*", rapid.SampledFrom([]string{"", "1", "-b"}).Draw(t, "suffix"), 1), number, "25")
		switch k.Form {
		case Scalar, Blob:
			s.Add(name, rapid.SampledFrom(words()).Draw(t, "value"))
		case Several, Files:
			s.AddList(name, rapid.SliceOfN(rapid.SampledFrom(words()), 0, 3).Draw(t, "values")...)
		}
	}
	if rapid.IntRange(0, 30).Draw(t, "stray") == 0 {
		s.Add(rapid.StringMatching(`[a-z_]{1,12}`).Draw(t, "name"), "1")
	}
	return s
}

// drawConnection makes a connection of any keys.
func drawConnection(t *rapid.T) *settings.Section {
	s := drawSection(t, names(append(addressRows(), timeRows()...)), "options")
	for _, side := range []string{"local", "remote", "local-2"} {
		if rapid.Bool().Draw(t, side) {
			round := drawSection(t, names(roundRows(side != "remote")), "round")
			s.Items = append(s.Items, settings.Item{Name: side, Kind: settings.Sub, Section: round})
		}
	}
	children := s.Open("children")
	for i := range rapid.IntRange(0, 2).Draw(t, "children") {
		children.Items = append(children.Items, settings.Item{Name: fmt.Sprintf("c%d", i), Kind: settings.Sub, Section: drawSection(t, names(childRows()), "child")})
	}
	return s
}

// Any tree of keys either loads or is refused with messages that name a key and its place.
func TestAnyTreeLoadsOrIsRefusedByName(t *testing.T) {
	load := func(connection, pool *settings.Section) (*config.Config, config.Diagnostics) {
		s := &Setup{
			Connections: []Object{{Name: "a", Section: connection, Loader: LoadedByVICI}},
			Pools:       []Object{{Name: "p", Section: pool.Add("addrs", "10.9.0.0/24"), Loader: LoadedByVICI}},
		}
		return Translate(s).Load(config.Source{Files: fstest.MapFS{}}, "")
	}
	if cfg, found := load(new(settings.Section), new(settings.Section)); cfg == nil {
		t.Errorf("a tree without options: %v", found)
	}
	if cfg, _ := load(new(settings.Section).Add("nonsense", "1"), new(settings.Section)); cfg != nil {
		t.Error("a tree with a key that nobody knows is loaded")
	}
	rapid.Check(t, func(t *rapid.T) {
		cfg, found := load(drawConnection(t), drawSection(t, names(poolRows()), "pool"))
		if cfg != nil {
			return
		}
		if !found.Errors() {
			t.Fatalf("refused without a reason: %v", found)
		}
		for _, d := range found {
			if d.Severity == config.Error && !strings.HasPrefix(d.File, "connections.a") && !strings.HasPrefix(d.File, "pools.p") {
				t.Fatalf("%s names no key", d)
			}
			if d.Severity == config.Error && !strings.Contains(Stock(d), d.File) {
				t.Fatalf("%q does not say where", Stock(d))
			}
		}
	})
}

// No command touches the Setup that it is given, whether it succeeds or fails.
func TestCommandsLeaveTheirSetupAlone(t *testing.T) {
	key := string(newParty(t, "x", false, nil).private(t))
	rapid.Check(t, func(t *rapid.T) {
		s := Setup{}
		for range rapid.IntRange(1, 8).Draw(t, "commands") {
			c := rapid.SampledFrom(Commands()).Draw(t, "command")
			before := s
			connections, secrets, keys := append([]Object(nil), s.Connections...), append([]Secret(nil), s.Secrets...), append([]PrivateKey(nil), s.Keys...)
			next, reply, err := c.Run(s, drawRequest(t, c.Name, key))
			if !equal(connections, before.Connections) || !equal(secrets, before.Secrets) || !equal(keys, before.Keys) {
				t.Fatalf("%s has changed its Setup", c.Name)
			}
			if err != nil && (reply != nil || !equal(next.Connections, before.Connections) || !equal(next.Secrets, before.Secrets)) {
				t.Fatalf("%s was refused (%v) and has an effect", c.Name, err)
			}
			s = next
		}
	})
}

func equal[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || reflect.DeepEqual(a, b)) }

// drawRequest makes a request that may fit the command.
func drawRequest(t *rapid.T, command, key string) *settings.Section {
	r := new(settings.Section)
	name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name")
	if strings.HasPrefix(command, "load-") {
		r.Items = append(r.Items, settings.Item{Name: name, Kind: settings.Sub, Section: new(settings.Section).Add("addrs", "10.0.0.0/24")})
	}
	r.Add("name", name).Add("id", name).Add("type", rapid.SampledFrom([]string{"", "ike", "EAP", "any", "x509", "pubkey", "bad"}).Draw(t, "type"))
	return r.Add("data", rapid.SampledFrom([]string{"", "secret", key}).Draw(t, "data")).AddList("owners", "a.example.org")
}
