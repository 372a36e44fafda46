package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/config"
	"culvert/explain"
)

func configured() *apitest.Fake {
	fake := apitest.New(8)
	fake.Configured = api.Configuration{
		Path:  "/etc/culvert/culvert.hcl",
		Files: []api.ConfigFile{{Path: "/etc/culvert/culvert.hcl", Text: "connection \"office\" {\n  dpd_delay = \"7s\"\n}\n"}},
		Effective: []config.Effective{{Kind: "connection", Name: "office", Options: []config.Setting{{Name: "dpd_delay", Value: `"7s"`, Given: true}, {Name: "rekey_time", Value: `"4h"`}},
			Blocks: []config.Effective{{Kind: "local", Options: []config.Setting{{Name: "id", Value: ""}, {Name: "auth", Value: `"psk"`}}}}}},
	}
	fake.Compared = api.Comparison{Alterations: []config.Alteration{
		{Block: "connection office", Option: "dpd_delay", Old: `"7s"`, New: `"9s"`}, {Block: "pool p", New: "present"}, {Block: "pool q", Old: "present"},
	}}
	fake.Applied = api.Reloaded{Changed: []string{"connection office"}}
	return fake
}

func draft(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "new.hcl")
	if err := os.WriteFile(path, []byte("# new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigurationIsShown(t *testing.T) {
	s := serving(t, configured())
	s.run(exitOK, "config", "show")
	if got, want := s.out.String(), "# /etc/culvert/culvert.hcl\nconnection \"office\" {\n  dpd_delay = \"7s\"\n}\n"; got != want {
		t.Errorf("got %q", got)
	}
	s.run(exitOK, "config", "show", "--effective")
	if got, want := s.out.String(), "connection office\n * dpd_delay = \"7s\"\n   rekey_time = \"4h\"\n    local\n       auth = \"psk\"\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestDifferenceIsShownWithBothValues(t *testing.T) {
	s := serving(t, configured())
	s.run(exitOK, "config", "diff", draft(t))
	if got, want := s.out.String(), "changed connection office: dpd_delay\n  - \"7s\"\n  + \"9s\"\nadded pool p\nremoved pool q\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestConfigurationIsAppliedAndDecided(t *testing.T) {
	fake := configured()
	s := serving(t, fake)
	s.run(exitOK, "config", "apply", draft(t), "--confirm-within", "2m")
	if got := s.out.String(); !strings.Contains(got, "changed connection office\n") || !strings.Contains(got, "unless you run culvert config confirm") {
		t.Errorf("got\n%s", got)
	}
	s.run(exitOK, "config", "confirm")
	s.run(exitOK, "config", "rollback", "--json")
	want := []string{"apply # new\n 120", "confirm ", "rollback "}
	if got := strings.Join(fake.Calls(), ";"); got != strings.Join(want, ";") {
		t.Errorf("got %q", got)
	}
	fake.Err["confirm"] = api.NewProblem(404, explain.ManageNotFound, "", "nothing waits")
	s.run(exitNotFound, "config", "confirm")
	s.run(exitUsage, "config", "apply", "/nowhere/new.hcl")
	s.run(exitUsage, "config", "appply")
}

func TestWebShowsAnAddress(t *testing.T) {
	s := serving(t, configured())
	s.run(exitOK, "web", "--json") // the fake's page is on loopback, wherever there is room
	if got := s.out.String(); !strings.Contains(got, `"url":"http://127.0.0.1:`) || !strings.Contains(got, "/login?token=") {
		t.Errorf("got %s", got)
	}
}

func TestRemoteDaemonNeedsCertificates(t *testing.T) {
	s := newShell(t)
	s.run(exitUsage, "status", "--server", "gw.example.org")
	if !strings.Contains(s.err.String(), "gw.example.org:4501") {
		t.Errorf("got %s", s.err.String())
	}
	s.run(exitUsage, "status", "--server", "gw.example.org:4501")
	s.run(exitUsage, "status", "--server", "gw.example.org:4501", "--cert", "a", "--key", "b", "--ca", "c")
}
