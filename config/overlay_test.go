package config

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func TestOverlayHidesWhatIsBelow(t *testing.T) {
	below := fstest.MapFS{"etc/a": {Data: []byte("below")}, "etc/b": {Data: []byte("below")}}
	o := Overlay{Below: below, Files: map[string][]byte{"/etc/a": []byte("above"), "/run/c": []byte("above")}}
	for name, want := range map[string]string{"etc/a": "above", "etc/b": "below", "run/c": "above"} {
		got, err := fs.ReadFile(o, name)
		if err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if info, err := fs.Stat(o, name); err != nil || info.Size() != int64(len(want)) || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, o := range []Overlay{o, {}} {
		if _, err := fs.ReadFile(o, "etc/none"); err == nil {
			t.Error("a file that is not there was read")
		}
		if _, err := fs.Stat(o, "etc/none"); err == nil {
			t.Error("a file that is not there was described")
		}
	}
}

// Fragments are read as if the first file included them, and stand for themselves where there is none.
func TestLoadReadsFragments(t *testing.T) {
	const fragment = "/run/culvert/loaded/one.hcl"
	files := map[string][]byte{
		"/etc/main.hcl": []byte("pool \"a\" {\n  addresses = [\"10.1.0.0/24\"]\n}\n"),
		fragment:        []byte("pool \"b\" {\n  addresses = [\"10.2.0.0/24\"]\n}\nconnection \"b\" {\n  pools = [\"a\", \"b\"]\n  remote {\n    auth = \"null\"\n  }\n  local {\n    auth = \"null\"\n  }\n}\n"),
	}
	s := Source{Files: Overlay{Files: files}, Loaders: map[string]string{fragment: "vici"}}
	c, found := s.Load("/etc/main.hcl", fragment)
	if c == nil || len(c.Pools) != 2 || len(c.Paths) != 2 {
		t.Fatalf("%v\n%v", c, found)
	}
	if got := c.Connection("b").Source; got != "vici" {
		t.Errorf("the connection was loaded by %q", got)
	}
	if c, found := s.Load("", fragment); c != nil || !found.Errors() {
		t.Errorf("the pool of the first file was found without it")
	}
	files[fragment] = append(files[fragment], strings.Repeat("# as many connections come to\n", 1<<16)...)
	if c, found := s.Load("/etc/main.hcl", fragment); c == nil {
		t.Errorf("a fragment of %d octets: %v", len(files[fragment]), found)
	}
	if c, found := s.Load(""); c == nil || len(found) != 0 {
		t.Errorf("nothing at all: %v", found)
	}
	files[fragment] = append(files[fragment], "pool \"a\" {\n  addresses = [\"10.3.0.0/24\"]\n}\n"...)
	if c, _ := s.Load("/etc/main.hcl", fragment); c != nil {
		t.Error("a fragment took the name of a block of the first file")
	}
}
