package cli

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/config"
	"culvert/explain"
	"culvert/internal/golden"
)

const good = `connection "office" {
  remote { address = "vpn.example.net" }
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
    start  = "start"
  }
}
secret "office" { psk = "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029" }
`

// checking returns a shell with a configuration at /c/culvert.hcl.
func checking(t *testing.T, text string) *shell {
	s := newShell(t)
	s.env.Source.Files = fstest.MapFS{"c/culvert.hcl": {Data: []byte(text), Mode: 0o600}}
	return s
}

func TestCheckOfAGoodConfigurationSaysSo(t *testing.T) {
	s := checking(t, good)
	s.run(exitOK, "check", "--config", "/c/culvert.hcl")
	if got := s.out.String(); got != "/c/culvert.hcl is right\n" {
		t.Errorf("got %q", got)
	}
}

func TestCheckSaysThatThereAreNoConnections(t *testing.T) {
	for _, tt := range []struct{ name, text, flag, want string }{
		{"nothing", "", "--config", `write connection "NAME"`},
		{"a daemon alone", "daemon {\n}\n", "--config", "no tunnel comes up"},
		{"VICI", "vici {\n  socket = \"/run/charon.vici\"\n}\n", "--config", "clients of VICI, as swanctl, have to load them"},
		{"a tree", "# nothing\n", "--swanctl", "write connections { NAME { ... } } into"},
	} {
		s := checking(t, tt.text)
		s.run(exitOK, "check", tt.flag, "/c/culvert.hcl")
		if got := strings.Join(strings.Fields(s.out.String()), " "); !strings.HasPrefix(got, "/c/culvert.hcl is right It has no connections") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %q", tt.name, got)
		}
		s.run(exitOK, "check", tt.flag, "/c/culvert.hcl", "--json")
		if s.out.String() != "{\"diagnostics\":[]}\n" {
			t.Errorf("%s: got %q", tt.name, s.out.String())
		}
	}
}

func TestCheckShowsEveryMistakeAndFails(t *testing.T) {
	s := checking(t, strings.NewReplacer("address", "adress", `"start"`, `"strat"`).Replace(good))
	s.run(exitConfig, "check", "-c", "/c/culvert.hcl")
	golden.File(t, "testdata/check.txt", s.out.String())
	if got, want := s.err.String(), "culvert: /c/culvert.hcl was refused with 2 errors, 0 warnings: correct the places above [MANAGE-CONFIG-REFUSED]\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s.env.Terminal = true
	s.run(exitConfig, "check", "-c", "/c/culvert.hcl")
	if !strings.Contains(s.out.String(), "\x1b[31merror\x1b[0m") {
		t.Errorf("no colour on a terminal:\n%q", s.out.String())
	}
}

func TestCheckWithWarningsAloneSucceeds(t *testing.T) {
	s := checking(t, strings.Replace(good, "0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029", "hunter2", 1))
	s.run(exitOK, "check", "-c", "/c/culvert.hcl")
	if got := s.out.String(); !strings.Contains(got, "[AUTH-PSK-WEAK]") || !strings.HasSuffix(got, "/c/culvert.hcl can be used: 0 errors, 1 warning\n") || strings.Contains(got, "hunter2") {
		t.Errorf("got\n%s", got)
	}
}

func TestCheckAsJSONIsOneDocument(t *testing.T) {
	for text, n := range map[string]int{good: 0, "nonsense {\n}\n": 1} {
		s := checking(t, text)
		code := exitOK
		if n > 0 {
			code = exitConfig
		}
		s.run(code, "check", "-c", "/c/culvert.hcl", "--json")
		var got api.Checked
		if err := json.Unmarshal(s.out.Bytes(), &got); err != nil || got.Diagnostics == nil || len(got.Diagnostics) != n || s.err.Len() > 0 {
			t.Errorf("error %v in %s, on standard error %s", err, s.out.String(), s.err.String())
		}
	}
}

func TestReloadTellsWhatChanged(t *testing.T) {
	fake := apitest.New(8)
	fake.Applied = api.Reloaded{
		Added: []string{"connection branch"}, Removed: []string{"pool old"}, Changed: []string{"child office/net"}, Restart: []string{"daemon.port"},
		Warnings: []api.Warning{{Code: explain.ConfigUnused, Text: "secret \"x\" is not used"}},
	}
	s := serving(t, fake)
	s.run(exitOK, "reload")
	golden.File(t, "testdata/reload.txt", s.out.String())
	fake.Applied = api.Reloaded{}
	s.run(exitOK, "reload")
	if s.out.String() != "nothing has changed\n" {
		t.Errorf("got %q", s.out.String())
	}
}

func TestRefusedReloadShowsTheMistakes(t *testing.T) {
	fake := apitest.New(8)
	found := config.Diagnostics{{Severity: config.Error, Code: explain.ConfigUnknownKey, Place: config.Place{File: "/f", Line: 3, Column: 5}, Message: "no option"}}
	fake.Err["reload"] = found.Err()
	s := serving(t, fake)
	s.run(exitConfig, "reload")
	if got := s.err.String(); got != "/f:3:5: error: no option [CONFIG-UNKNOWN-KEY]\nculvert: the configuration was refused with 1 error, 0 warnings: correct the places above [MANAGE-CONFIG-REFUSED]\n" || s.out.Len() > 0 {
		t.Errorf("got\n%s%s", s.out.String(), got)
	}
	s.run(exitConfig, "reload", "--json")
	var p api.Problem
	if err := json.Unmarshal(s.out.Bytes(), &p); err != nil || len(p.Diagnostics) != 1 || s.err.Len() > 0 {
		t.Errorf("error %v in %s", err, s.out.String())
	}
}

func TestDaemonGetsItsOptions(t *testing.T) {
	relative, err := filepath.Abs("x.hcl")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		want DaemonOptions
	}{
		{nil, DaemonOptions{config.DefaultPath, "", "", "1.2.3"}},
		{[]string{"--config", "x.hcl"}, DaemonOptions{relative, "", "", "1.2.3"}},
		{[]string{"--socket", "/tmp/s"}, DaemonOptions{config.DefaultPath, "", "/tmp/s", "1.2.3"}},
		{[]string{"--swanctl", "/etc/swanctl"}, DaemonOptions{"", "/etc/swanctl", "", "1.2.3"}},
		{[]string{"--swanctl", "/etc/swanctl", "--config", "x.hcl"}, DaemonOptions{relative, "/etc/swanctl", "", "1.2.3"}},
	}
	for _, tt := range tests {
		s := newShell(t)
		var got DaemonOptions
		s.env.Daemon = func(_ context.Context, o DaemonOptions) error { got = o; return nil }
		s.run(exitOK, append([]string{"daemon"}, tt.args...)...)
		if got != tt.want {
			t.Errorf("%v: got %+v, want %+v", tt.args, got, tt.want)
		}
	}
}

func TestDaemonThatFailsSaysWhy(t *testing.T) {
	s := newShell(t)
	found := config.Diagnostics{{Severity: config.Error, Code: explain.ConfigSyntax, Place: config.Place{File: "/f", Line: 1, Column: 1}, Message: "bad"}}
	for _, tt := range []struct {
		err  error
		code int
		says string
	}{
		{found.Err(), exitConfig, "/f:1:1: error: bad [CONFIG-SYNTAX]\n"},
		{errors.New("no TUN device"), exitFailure, "no TUN device"},
		{api.NewProblem(0, explain.ManageSocket, "", "another daemon listens"), exitFailure, "another daemon listens"},
	} {
		s.env.Daemon = func(context.Context, DaemonOptions) error { return tt.err }
		s.run(tt.code, "daemon")
		if got := s.err.String(); !strings.Contains(got, tt.says) {
			t.Errorf("got %q", got)
		}
	}
}
