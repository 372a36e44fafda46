package lab

import (
	"os/exec"
	"path/filepath"
	"strings"
)

// A Capture records the packets of one link of a host.
type Capture struct {
	process *Process
	file    string
	host    *Host
}

// Capture starts recording what passes the host's link to another one.
func (h *Host) Capture(link string) *Capture {
	h.lab.Helper()
	c := &Capture{host: h, file: filepath.Join(h.dir, link+".pcap")}
	c.process = h.Start("tcpdump-"+link, nil, "tcpdump", "-Z", "root", "-i", link, "-U", "--immediate-mode", "-s", "0", "-w", c.file)
	h.lab.Await("tcpdump to listen", func() bool { return strings.Contains(c.process.Log(), "listening on") })
	return c
}

// Stop ends the recording and returns the file.
func (c *Capture) Stop() string {
	c.process.Stop()
	return c.file
}

// Tshark prints the packets of a file that match a display filter, one per line. Options come before the filter.
func (l *Lab) Tshark(file, filter string, options ...string) []string {
	l.Helper()
	args := append([]string{"-n", "-r", file, "-Y", filter}, options...)
	cmd := exec.Command("tshark", args...)
	cmd.Env = append(cmd.Environ(), "HOME="+l.Dir)
	out, err := cmd.Output()
	if err != nil {
		l.Fatalf("tshark %s: %v", filter, err)
	}
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
}
