package lab

import (
	"encoding/json"
	"path/filepath"

	"culvert/api"
)

// Culvert is our own daemon, driven by its command line.
type Culvert struct {
	*Process
	host *Host
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
	p := h.StartNotify("culvert", h.state(), binary, "daemon", "--config", path, "--socket", h.socket())
	return &Culvert{Process: p, host: h}
}

// Socket is the path of the socket of the HTTP API.
func (c *Culvert) Socket() string { return c.host.socket() }

func (h *Host) socket() string { return filepath.Join(h.dir, "culvert.sock") }

// state gives a daemon a directory of its own for what outlives it, unless its configuration names one.
func (h *Host) state() []string { return []string{"STATE_DIRECTORY=" + filepath.Join(h.dir, "state")} }

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
	p := h.StartNotify("culvert", h.state(), h.lab.Binary(), "daemon", "--swanctl", filepath.Join(h.dir, "swanctl"), "--socket", h.socket())
	return &Culvert{Process: p, host: h}
}
