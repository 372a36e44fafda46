package config

import (
	"encoding/json"
	"reflect"
	"testing"
)

// What connections are for can be read back from what is told of them, also by way of JSON.
func TestOutlineIsWhatTheConnectionsAreFor(t *testing.T) {
	files := newShelf(t)
	c, found := files.load("culvert.hcl", `
connection "a" {
  local  { id = "gw.example.org" }
  remote {
    address = ["192.0.2.9", "gw.example.org", "2001:db8::/32"]
    port    = 1500
  }
  child "net" {
    local    = ["10.1.0.0/16", "fd01::/64"]
    remote   = ["10.2.0.0/16[tcp/443]", "10.3.0.5-10.3.0.9"]
    priority = 7
  }
  child "host" {}
}
connection "b" {
  local { id = "gw.example.org" }
  child "all" { remote = "0.0.0.0/0" }
}
secret "a" { psk = "`+precious+`" }
secret "b" { psk = "`+precious+`" }
`)
	if c == nil {
		t.Fatal(found)
	}
	var told []Effective
	document, _ := json.Marshal(c.Effective())
	if err := json.Unmarshal(document, &told); err != nil {
		t.Fatal(err)
	}
	got := Outline(told)
	if len(got) != 2 {
		t.Fatalf("%d connections", len(got))
	}
	for i, want := range c.Connections {
		if got[i].Name != want.Name || !reflect.DeepEqual(got[i].Remote.Addresses, want.Remote.Addresses) || got[i].Remote.Port != want.Remote.Port || len(got[i].Children) != len(want.Children) {
			t.Errorf("%+v, want %+v", got[i], want)
			continue
		}
		for n, child := range want.Children {
			if k := got[i].Children[n]; k.Name != child.Name || !reflect.DeepEqual(k.Local, child.Local) || !reflect.DeepEqual(k.Remote, child.Remote) || k.Priority != child.Priority {
				t.Errorf("%+v, want %+v", k, child)
			}
		}
	}
}

func TestOutlineOfNonsense(t *testing.T) {
	odd := Effective{Kind: "connection", Name: "x", Blocks: []Effective{{Kind: "remote", Options: []Setting{{Name: "address", Value: `["a b", 7`}, {Name: "port", Value: "x"}}},
		{Kind: "child", Options: []Setting{{Name: "remote", Value: `"10.0.0.0/99"`}}}, {Kind: "hook"}}}
	got := Outline([]Effective{{Kind: "pool"}, odd})
	if len(got) != 1 || len(got[0].Remote.Addresses) != 0 || len(got[0].Children) != 1 || len(got[0].Children[0].Remote) != 0 {
		t.Errorf("%+v", got)
	}
}
