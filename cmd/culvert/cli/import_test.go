package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestImport(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"swanctl.conf": "connections {\n a {\n local {\n auth = psk\n }\n remote {\n auth = psk\n id = b\n }\n children {\n net {\n mode = beet\n }\n }\n }\n}\n",
		"wg0.conf":     "[Interface]\nAddress = 10.0.0.1/24\n[Peer]\nAllowedIPs = 10.0.0.2\n",
		"ipsec.conf":   "conn a\n\tright=192.0.2.2\n\tauthby=secret\n\tauto=add\n",
		"bad.conf":     "x",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		args       []string
		exit       int
		out, error string
	}{
		{[]string{"swanctl", dir}, exitConfig, "# left out: children.net.mode: beet is not there", "swanctl.conf:12:1: error"},
		{[]string{"ipsec.conf", filepath.Join(dir, "ipsec.conf")}, exitOK, `connection "a" {`, ""},
		{[]string{"wg", filepath.Join(dir, "wg0.conf")}, exitOK, `connection "wg0-1" {`, ""},
		{[]string{"wg", filepath.Join(dir, "bad.conf")}, exitConfig, "", "line 1"},
		{[]string{"wg", filepath.Join(dir, "none")}, exitConfig, "", "none"},
	} {
		s := newShell(t)
		s.env.Source.Files = os.DirFS("/")
		s.run(tt.exit, append([]string{"import"}, tt.args...)...)
		if !strings.Contains(s.out.String(), tt.out) || !strings.Contains(s.err.String(), tt.error) {
			t.Errorf("%v: got %q and %q", tt.args, s.out.String(), s.err.String())
		}
	}
}
