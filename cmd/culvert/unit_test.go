package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culvert/cmd/culvert/cli"
)

const unitFile = "../../packaging/culvert.service"

// settings reads a unit: "Service.Type" -> values in order.
func settings(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	section := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			section = strings.TrimSuffix(name, "]")
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			all[section+"."+key] = append(all[section+"."+key], value)
		}
	}
	return all
}

func TestUnitRunsCommandsThatThereAre(t *testing.T) {
	root := cli.New(cli.Env{Out: io.Discard, Err: io.Discard, Getenv: func(string) string { return "" }, Now: time.Now})
	for _, key := range []string{"Service.ExecStart", "Service.ExecReload"} {
		for _, line := range settings(t)[key] {
			words := strings.Fields(line)
			if cmd, _, err := root.Find(words[1:]); err != nil || cmd == root || words[0] != "/usr/sbin/culvert" {
				t.Errorf("%s=%s: %v", key, line, err)
			}
		}
	}
}

func TestUnitGivesTheDaemonWhatItNeedsAndNoMore(t *testing.T) {
	all := settings(t)
	for key, want := range map[string]string{
		"Service.Type":                     "notify",
		"Service.WatchdogSec":              "30s",
		"Service.CapabilityBoundingSet":    "CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE",
		"Service.DeviceAllow":              "/dev/net/tun rw",
		"Service.NoNewPrivileges":          "yes",
		"Service.RuntimeDirectory":         "culvert",
		"Service.StateDirectory":           "culvert",
		"Service.RestartPreventExitStatus": "2 5",
	} {
		if !slices.Equal(all[key], []string{want}) {
			t.Errorf("%s is %q, want %q", key, all[key], want)
		}
	}
}

func TestUnitIsAcceptedBySystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	there := strings.ReplaceAll(string(text), "/usr/sbin/culvert", "/bin/true") // the binary has to exist
	unit := filepath.Join(t.TempDir(), "culvert.service")
	if err := os.WriteFile(unit, []byte(there), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", unit).CombinedOutput(); err != nil || strings.Contains(string(out), "culvert.service") {
		t.Errorf("%v\n%s", err, out)
	}
}
