package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const twoSites = `
daemon { port = 501 }
connection "a" {
  remote { address = "192.0.2.1" }
  child "one" { remote = "10.1.0.0/16" }
  child "two" { remote = "10.2.0.0/16" }
}
connection "b" {
  remote { address = "192.0.2.2" }
  pools = "p"
  child "net" {}
}
secret "all" {
  ids = ["%any"]
  psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029"
}
pool "p" { addresses = "10.9.0.0/24" }
policy "x" {
  action = "discard"
  local  = "10.0.0.0/8"
  remote = "10.0.0.0/8"
}
`

// alike tells whether nothing differs.
func alike(d *Difference) bool { return reflect.DeepEqual(d, &Difference{}) }

// changes writes a difference in one line.
func changes(d *Difference) string {
	var parts []string
	if len(d.Daemon) > 0 {
		parts = append(parts, fmt.Sprint("daemon ", d.Daemon))
	}
	if len(d.Process) > 0 {
		parts = append(parts, fmt.Sprint(d.Process))
	}
	for _, kind := range []struct {
		name string
		Changes
	}{{"role", d.Roles}, {"connection", d.Connections}, {"child", d.Children}, {"pool", d.Pools}, {"secret", d.Secrets}, {"ppk", d.PPKs}, {"policy", d.Policies}, {"webhook", d.Webhooks}, {"authority", d.Authorities}, {"pkcs11_module", d.Modules},
		{"radius", d.RADIUS}, {"server", d.Servers}, {"users", d.Users}, {"user", d.Accounts}} {
		for _, name := range kind.Added {
			parts = append(parts, "+"+kind.name+" "+name)
		}
		for _, name := range kind.Removed {
			parts = append(parts, "-"+kind.name+" "+name)
		}
		for _, c := range kind.Changed {
			parts = append(parts, fmt.Sprint("~", kind.name, " ", c.Name, " ", c.Options))
		}
	}
	return strings.Join(parts, ", ")
}

func TestDiffNamesWhatDiffers(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"nothing", "", "", ""},
		{"comments and spaces", "connection \"b\" {", "# b\nconnection   \"b\"   {\n", ""},
		{"an option spelt out with its default", "child \"net\" {}", "child \"net\" { rekey_time = \"60m\" }", ""},
		{"an option of the daemon", "port = 501", "log_level = \"debug\"", "daemon [port log_level]"},
		{"an option inside of the daemon", "daemon { port = 501 }", "daemon {\n port = 501\n half_open { limit = 7777 }\n}", "daemon [half_open.limit]"},
		{"an option of a connection", "pools = \"p\"", "pools = \"p\"\n dpd_delay = \"1m\"", "~connection b [dpd_delay]"},
		{"an option of the peer", "192.0.2.2", "192.0.2.3", "~connection b [remote.address]"},
		{"an option of a child", "10.2.0.0/16", "10.3.0.0/16", "~child a/two [remote]"},
		{"a child more", "child \"net\" {}", "child \"net\" {}\n child \"more\" { local = \"10.0.0.0/8\" }", "+child b/more"},
		{"a child less", "child \"two\" { remote = \"10.2.0.0/16\" }", "", "-child a/two"},
		{"a child renamed", "child \"two\"", "child \"three\"", "+child a/three, -child a/two"},
		{"a connection renamed", "connection \"a\"", "connection \"c\"", "+connection c, -connection a"},
		{"another key", "0x9b", "0x9c", "~secret all [psk]"},
		{"another pool", "10.9.0.0/24", "10.9.0.0/25", "~pool p [addresses]"},
		{"another policy", "discard", "bypass", "~policy x [action]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			old, new := mustLoad(t, twoSites), mustLoad(t, strings.Replace(twoSites, tt.old, tt.new, 1))
			d := Diff(old, new)
			if got := changes(d); got != tt.want || alike(d) != (tt.want == "") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDiffAgainstNothingIsEverything(t *testing.T) {
	empty, full := mustLoad(t, ""), mustLoad(t, twoSites)
	d := Diff(empty, full)
	if got, want := changes(d), "daemon [port], +connection a, +connection b, +pool p, +secret all, +policy x"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	back := Diff(full, empty)
	if !reflect.DeepEqual(back.Connections.Removed, d.Connections.Added) || len(back.Connections.Added) > 0 {
		t.Errorf("got %+v", back)
	}
}

func TestDiffSeesWhatFilesHold(t *testing.T) {
	one := newIdentity(t, "one")
	text := "connection \"a\" {\n local {\n certificate = \"gw.pem\"\n key = \"gw.key\"\n }\n remote { ca = \"gw.pem\" }\n}\n"
	read := func(certificate, key string) *Config {
		c, found := source(map[string]string{"culvert.hcl": text, "gw.pem": certificate, "gw.key": key}).Load(dir + "culvert.hcl")
		if found.Errors() {
			t.Fatal(found)
		}
		return c
	}
	before := read(one.certificate, one.key)
	if d := Diff(before, read(one.certificate, one.key)); !alike(d) {
		t.Errorf("the same files: %s", changes(d))
	}
	other := newIdentity(t, "one")
	if got := changes(Diff(before, read(other.certificate, other.key))); got != "~connection a [local.certificate local.key remote.ca]" {
		t.Errorf("other files: %q", got)
	}
}
