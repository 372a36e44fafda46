package lab

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// nobody is a user without any rights.
const nobody = 65534

// Rootless is culvert connect --rootless, run by nobody.
type Rootless struct {
	*Process
}

// Rootless starts culvert connect --rootless on the host as a user without rights or capabilities, with a configuration of
// its own, and further arguments.
func (h *Host) Rootless(conf string, args ...string) *Rootless {
	h.lab.Helper()
	dir, err := os.MkdirTemp("", "cvr")
	if err != nil {
		h.lab.Fatal(err)
	}
	h.lab.Cleanup(func() { _ = os.RemoveAll(dir) })
	binary, config := filepath.Join(dir, "culvert"), filepath.Join(dir, "office.hcl")
	if err := copyFile(binary, h.lab.Binary(), 0o755); err != nil {
		h.lab.Fatal(err)
	}
	if err := os.WriteFile(config, []byte(conf), 0o600); err != nil {
		h.lab.Fatal(err)
	}
	for _, name := range []string{dir, config} {
		if err := os.Chown(name, nobody, nobody); err != nil {
			h.lab.Fatal(err)
		}
	}
	line := append([]string{
		"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs",
		binary, "connect", "--rootless", "--json", "--config", config,
	}, args...)
	return &Rootless{h.Start("rootless", nil, line...)}
}

func copyFile(to, from string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closing := out.Close(); err == nil {
		err = closing
	}
	return err
}

// Joined is what it says when the tunnel is up.
type Joined struct {
	Target, Result, SOCKS, HTTP string
	Addresses                   []string
}

// Up returns what it said when the tunnel was up, and whether it was.
func (r *Rootless) Up() (j Joined, up bool) {
	for line := range strings.Lines(r.Log()) {
		if json.Unmarshal([]byte(line), &j) == nil && j.Result == "up" {
			return j, true
		}
	}
	return j, false
}

// Said counts the lines that tell of a kind of event.
func (r *Rootless) Said(kind string) (n int) {
	for line := range strings.Lines(r.Log()) {
		var e struct{ Kind string }
		if json.Unmarshal([]byte(line), &e) == nil && e.Kind == kind {
			n++
		}
	}
	return n
}

// Interrupt is Ctrl-C. It returns the exit code.
func (r *Rootless) Interrupt() int {
	_ = r.cmd.Process.Signal(syscall.SIGINT)
	return r.Exit()
}

// Exit waits for the end and returns the exit code.
func (r *Rootless) Exit() int {
	<-r.done
	return r.cmd.ProcessState.ExitCode()
}
