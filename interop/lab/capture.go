package lab

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A Capture records the packets of one link of a host.
type Capture struct {
	process *Process
	file    string
	link    string
	host    *Host
}

// Capture starts recording what passes the host's link to another one.
func (h *Host) Capture(link string) *Capture {
	h.lab.Helper()
	c := &Capture{host: h, link: link, file: filepath.Join(h.dir, link+".pcap")}
	c.process = h.Start("tcpdump-"+link, nil, "tcpdump", "-Z", "root", "-i", link, "-U", "--immediate-mode", "-s", "0", "-w", c.file)
	h.lab.Await("tcpdump to listen", func() bool { return strings.Contains(c.process.Log(), "listening on") })
	return c
}

// Stop ends the recording once it has all that has passed, and returns the file.
func (c *Capture) Stop() string {
	c.host.lab.Helper()
	c.host.lab.Await("the capture at "+c.host.Name+" to catch up", func() bool {
		if err := c.host.Inside(c.mark); err != nil {
			c.host.lab.Fatal(err)
		}
		text, err := os.ReadFile(c.file)
		return err == nil && bytes.Contains(text, endMark)
	})
	c.process.Stop()
	return c.file
}

// endMark is in a frame that follows what is to be recorded: one for nobody, of a type for experiments (IEEE 802, Section 9.2.4).
var endMark = []byte("\x88\xb5what came before this is recorded")

// mark sends the mark over the link.
func (c *Capture) mark() error {
	link, err := net.InterfaceByName(c.link)
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	nobody := [12]byte{0: 2, 6: 2}
	return unix.Sendto(socket, append(nobody[:], endMark...), 0, &unix.SockaddrLinklayer{Ifindex: link.Index})
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
