package api_test

import (
	"errors"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"culvert/api"
	"culvert/explain"
)

func listen(t *testing.T, path, group string) net.Listener {
	t.Helper()
	l, err := api.Listen(path, group)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestSocketIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l := listen(t, path, "")
	if got := mode(t, path); got.Perm() != 0o600 || got.Type() != os.ModeSocket {
		t.Errorf("got mode %v", got)
	}
	l.Close()
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, error %v", left, err)
	}
}

func TestSocketCanBeSharedWithAGroup(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s")
	listen(t, path, group.Name)
	if got := mode(t, path).Perm(); got != 0o660 {
		t.Errorf("got mode %v", got)
	}
}

func TestSocketOfADeadDaemonIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	l := listen(t, path, "")
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the new socket does not answer: %v", err)
	}
	c.Close()
}

func TestSocketIsNotTakenFromOthers(t *testing.T) {
	dir := t.TempDir()
	living, file := filepath.Join(dir, "living"), filepath.Join(dir, "file")
	listen(t, living, "")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, group, want string }{
		{"another daemon listens", living, "", "another daemon listens"},
		{"another file", file, "", "another file is in its place"},
		{"no directory", filepath.Join(dir, "none", "s"), "", "no such file"},
		{"no such group", filepath.Join(dir, "s"), "no-such-group-here", "no-such-group-here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := api.Listen(tt.path, tt.group)
			var p *api.Problem
			if !errors.As(err, &p) || p.Code != explain.ManageSocket || !strings.Contains(p.Detail, tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("the file is now %q, error %v", b, err)
	}
	left, _ := filepath.Glob(filepath.Join(dir, "s*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Who names a group that does not exist hears of the group, not of other daemons.
func TestSocketOfUnknownGroupSaysWhatToDo(t *testing.T) {
	_, err := api.Listen(filepath.Join(t.TempDir(), "s"), "no-such-group")
	var p *api.Problem
	if !errors.As(err, &p) || !strings.Contains(p.Action, "groupadd --system no-such-group") {
		t.Errorf("got %v", err)
	}
}
