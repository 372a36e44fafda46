package lab

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"

	"culvert/api"
)

// Culvert is our own daemon, driven by its command line.
type Culvert struct {
	*Process
	host *Host
}

// binaryVariable names a culvert binary that is already built, where there is no Go to build one.
const binaryVariable = "CULVERT_BINARY"

// binary builds cmd/culvert once per test process.
var binary = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv(binaryVariable); bin != "" {
		return bin, nil
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", err
	}
	dir := string(root[:len(root)-1])
	bin := filepath.Join(dir, "bin", "culvert-interop")
	free, err := alone(bin + ".lock")
	if err != nil {
		return "", err
	}
	defer free()
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/culvert")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return string(out), err
	}
	return bin, nil
})

// alone keeps the tests of other packages, which build the same file at the same time, from replacing it while it is run.
func alone(lock string) (free func(), err error) {
	if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(lock, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// BuildBinary builds the culvert binary under test, once per test process.
func BuildBinary() (string, error) { return binary() }

// Binary returns the path of the culvert binary under test.
func (l *Lab) Binary() string {
	l.Helper()
	bin, err := binary()
	if err != nil {
		l.Fatalf("build culvert: %v\n%s", err, bin)
	}
	return bin
}

// Culvert starts the daemon on the host with a configuration. The lab adds the socket of the scene.
func (h *Host) Culvert(conf string) *Culvert {
	h.lab.Helper()
	return h.CulvertOf(h.lab.Binary(), conf)
}

// CulvertOf is Culvert with another binary than the one under test.
func (h *Host) CulvertOf(binary, conf string) *Culvert {
	h.lab.Helper()
	path := h.Write("culvert.hcl", conf)
	p := h.StartNotify("culvert", nil, binary, "daemon", "--config", path, "--socket", h.socket())
	return &Culvert{Process: p, host: h}
}

// Socket is the path of the socket of the HTTP API.
func (c *Culvert) Socket() string { return c.host.socket() }

func (h *Host) socket() string { return filepath.Join(h.dir, "culvert.sock") }

// Try runs a culvert command against the daemon.
func (c *Culvert) Try(args ...string) (string, error) {
	return c.host.Try(append([]string{c.host.lab.Binary(), "--socket", c.host.socket()}, args...)...)
}

// Must is Try for commands that have to succeed.
func (c *Culvert) Must(args ...string) string {
	c.host.lab.Helper()
	out, err := c.Try(args...)
	if err != nil {
		c.host.lab.Fatal(err)
	}
	return out
}

// Reload replaces the configuration.
func (c *Culvert) Reload(conf string) {
	c.host.lab.Helper()
	c.host.Write("culvert.hcl", conf)
	c.Must("reload")
}

// Status asks the daemon for its state.
func (c *Culvert) Status() api.Status {
	c.host.lab.Helper()
	var s api.Status
	out := c.Must("status", "--json")
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		c.host.lab.Fatalf("status: %v in %s", err, out)
	}
	return s
}

// CulvertTree starts the daemon on the host with nothing but a tree as /etc/swanctl: the folder swanctl of the host.
func (h *Host) CulvertTree() *Culvert {
	h.lab.Helper()
	p := h.StartNotify("culvert", nil, h.lab.Binary(), "daemon", "--swanctl", filepath.Join(h.dir, "swanctl"), "--socket", h.socket())
	return &Culvert{Process: p, host: h}
}
