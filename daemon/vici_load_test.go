package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"culvert/api"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// load does a command that has to succeed.
func (c *controller) load(command string, request *settings.Section) *settings.Section {
	c.Helper()
	reply, err := c.Call(c.Context(), command, request)
	if err != nil {
		c.Fatalf("%s: %v", command, err)
	}
	return reply
}

// declined does a command that has to be refused, and returns the words for it.
func (c *controller) declined(command string, request *settings.Section) string {
	c.Helper()
	_, err := c.Call(c.Context(), command, request)
	var refused *vici.RefusedError
	if !errors.As(err, &refused) {
		c.Fatalf("%s was not refused: %v", command, err)
	}
	return refused.Message
}

// siteMessage is the request that loads the connection of a node with a peer.
func siteMessage(n, peer *node, child func(*settings.Section)) *settings.Section {
	m := new(settings.Section)
	conn := m.Open("site").AddList("local_addrs", n.addr).AddList("remote_addrs", peer.addr).Add("local_port", "15501").Add("remote_port", "15501").Add("encap", "yes")
	conn.Open("local").Add("auth", "psk").Add("id", n.name+".example.org")
	conn.Open("remote").Add("auth", "psk").Add("id", peer.name+".example.org")
	net := conn.Open("children").Open("net").AddList("local_ts", n.network).AddList("remote_ts", peer.network)
	child(net)
	return m
}

func secretMessage(id, owner string) *settings.Section {
	return new(settings.Section).Add("id", id).Add("type", "IKE").Add("data", psk).AddList("owners", owner)
}

// What clients of VICI load is brought up and taken away like what stands in the file.
func TestVICILoadsConnections(t *testing.T) {
	west, east := newNode(t, "west", "10.1.0.0/24"), newNode(t, "east", "10.2.0.0/24")
	west.write("", west.viciBlock())
	west.start()
	east.write("", east.site(west, "", ""))
	east.start()
	c := west.controller()

	nothing := func(*settings.Section) {}
	c.load("load-conn", siteMessage(west, east, nothing)) // its secret may come later
	c.load("load-shared", secretMessage("ike-1", "east.example.org"))
	if got := c.load("get-conns", nil).Texts("conns"); !slices.Equal(got, []string{"site"}) {
		t.Errorf("loaded are %q", got)
	}
	c.load("load-conn", siteMessage(west, east, func(child *settings.Section) { child.Add("start_action", "start") }))
	west.await("the tunnel", func(s api.Status) bool { return len(s.SAs) == 1 && len(s.SAs[0].Children) == 1 })
	carries(west, east)
	if got := west.status().Connections[0]; got.Name != "site" {
		t.Errorf("the connection is %+v", got)
	}

	c.load("unload-conn", new(settings.Section).Add("name", "site"))
	west.await("the end", func(s api.Status) bool { return len(s.SAs) == 0 && len(s.Connections) == 0 })
}

// A load that is refused changes nothing, and says which key is to blame.
func TestVICIRefusesWhole(t *testing.T) {
	n := newNode(t, "west", "10.1.0.0/24")
	n.write("", n.viciBlock())
	n.start()
	c := n.controller()
	peer := &node{name: "east", addr: "192.0.2.2", network: "10.2.0.0/24"}
	c.load("load-shared", secretMessage("ike-1", "east.example.org"))
	c.load("load-pool", poolMessage("p", "10.9.0.0/24"))
	c.load("load-conn", siteMessage(n, peer, func(*settings.Section) {}))
	before := state(c)
	for _, tt := range []struct {
		command string
		request *settings.Section
		says    string
	}{
		{"load-conn", siteMessage(n, peer, func(child *settings.Section) { child.Add("modus", "tunnel") }), "unknown option: modus, config discarded: connections.site.children.net.modus: there is no such key"},
		{"load-conn", siteMessage(n, peer, func(child *settings.Section) { child.Add("mode", "beet") }), "invalid value for: mode, config discarded: connections.site.children.net.mode: beet is not there"},
		{"load-conn", siteMessage(n, peer, func(child *settings.Section) { child.AddList("esp_proposals", "aes257") }), "connections.site.children.net.esp_proposals"},
		{"load-conn", siteMessage(n, peer, func(child *settings.Section) { child.Add("local_ts", "10.0.0.0/8") }), "unknown option: local_ts"},
		{"load-pool", poolMessage("p", "nowhere"), "pools.p.addrs"},
		{"load-pool", poolMessage("other", "10.9.0.0/25"), "overlap"},
		{"load-shared", new(settings.Section).Add("type", "IKE"), "shared key data missing"},
		{"load-shared", secretMessage("x", "@#zz"), "secrets.x"},
		{"load-key", new(settings.Section).Add("type", "any").Add("data", "nonsense"), "parsing ANY private key failed"},
		{"load-cert", new(settings.Section).Add("type", "X509").Add("data", "nonsense"), "parsing X509 certificate failed"},
		{"load-cert", new(settings.Section).Add("type", "X509_AC").Add("data", "x"), "attribute certificates are not there"},
		{"load-token", new(settings.Section).Add("handle", "01"), "loading private key from token failed"},
		{"load-authority", authorityMessage(), "authorities.ca"},
		{"unload-conn", new(settings.Section).Add("name", "none"), "not found"},
		{"unload-key", new(settings.Section).Add("id", "00"), "key not found"},
	} {
		if got := c.declined(tt.command, tt.request); !strings.Contains(got, tt.says) {
			t.Errorf("%s: got %q, want %q", tt.command, got, tt.says)
		}
		if after := state(c); !reflect.DeepEqual(after, before) {
			t.Errorf("%s: the state is %v and was %v", tt.command, after, before)
		}
	}
}

func poolMessage(name, addrs string) *settings.Section {
	m := new(settings.Section)
	m.Open(name).Add("addrs", addrs)
	return m
}

func authorityMessage() *settings.Section {
	m := new(settings.Section)
	m.Open("ca").AddList("crl_uris", "http://example.org/x.crl")
	return m
}

// state is what the daemon has loaded, as clients see it.
func state(c *controller) map[string]string {
	all := map[string]string{}
	for _, command := range []string{"get-conns", "get-shared", "get-keys", "get-authorities", "get-pools"} {
		all[command] = flat(c.load(command, nil))
	}
	return all
}

// A tree as /etc/swanctl is read without swanctl, and again at each reload.
func TestDaemonReadsATree(t *testing.T) {
	n := newNode(t, "west", "10.1.0.0/24")
	n.write("", "")
	tree := filepath.Join(n.dir, "swanctl")
	write := func(text string) {
		t.Helper()
		if err := os.MkdirAll(tree, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(tree, "swanctl.conf"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const one = "connections {\n a {\n local {\n auth = psk\n }\n remote {\n auth = psk\n id = b\n }\n children {\n net {\n }\n }\n }\n}\nsecrets {\n ike {\n secret = \"a secret of many words\"\n }\n}\n"
	write(one)
	n.startWith(func(o *Options) { o.Swanctl = tree })
	if got := n.status().Connections; len(got) != 1 || got[0].Name != "a" {
		t.Fatalf("connections are %+v", got)
	}
	write(strings.Replace(one, "psk\n }\n children", "psk\n wrong = 1\n }\n children", 1))
	write(strings.Replace(one, "children", "childern", 1))
	if _, err := n.client.Reload(n.Context()); err == nil {
		t.Error("a wrong tree was loaded")
	}
	write(strings.Replace(one, " a {", " b {", 1))
	n.reload()
	if got := n.status().Connections; len(got) != 1 || got[0].Name != "b" {
		t.Errorf("connections are %+v", got)
	}
}
