package swanctl

import (
	"fmt"
	"strings"
	"testing"

	"culvert/swanctl/settings"
)

// run does a command.
func run(t *testing.T, s Setup, name string, request *settings.Section) (Setup, error) {
	t.Helper()
	c, ok := Find(name)
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	next, _, err := c.Run(s, request)
	return next, err
}

func refusedAsTooMuch(err error) bool {
	return err != nil && strings.Contains(err.Error(), "too much is loaded: clients may load 100000") && strings.Contains(err.Error(), "of 64 MiB")
}

// Clients cannot load without end: neither many small things nor few large ones, whatever they are.
func TestLoadsAreBounded(t *testing.T) {
	full := Setup{Secrets: make([]Secret, mostLoaded)}
	key := newParty(t, "a", false, nil)
	section := func(name string, octets int) *settings.Section {
		m := new(settings.Section)
		m.Open(name).Add("version", strings.Repeat("2", octets))
		return m
	}
	for name, request := range map[string]*settings.Section{
		"load-conn": section("a", 1), "load-pool": section("a", 1), "load-authority": section("a", 1),
		"load-shared": new(settings.Section).Add("type", "ike").Add("data", "x").Add("id", "a"),
		"load-cert":   new(settings.Section).Add("type", "x509").AddBytes("data", key.x509.Raw),
		"load-key":    new(settings.Section).Add("type", "any").AddBytes("data", key.private(t)),
	} {
		if _, err := run(t, full, name, request); !refusedAsTooMuch(err) {
			t.Errorf("%s beyond the number: %v", name, err)
		}
		if _, err := run(t, Setup{}, name, request); err != nil {
			t.Errorf("%s into an empty one: %v", name, err)
		}
	}
	var s Setup
	var err error
	n := 0
	for ; err == nil; n++ {
		s, err = run(t, s, "load-conn", section(fmt.Sprint("c", n), 1<<20))
	}
	if n != 64 || !refusedAsTooMuch(err) {
		t.Errorf("%d connections of a MiB: %v", n-1, err)
	}
	if s, err = run(t, s, "load-conn", section("c0", 1<<10)); err != nil {
		t.Errorf("a smaller one in the place of a large one: %v", err)
	}
	if _, err = run(t, s, "unload-conn", new(settings.Section).Add("name", "c1")); err != nil {
		t.Errorf("unloading: %v", err)
	}
}
