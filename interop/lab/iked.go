package lab

import (
	"os"
	"path/filepath"
	"strings"
)

// IkedPath is OpenIKED's daemon, whose ESP is the kernel's. It is unpacked from Debian's package for machines of package vm alone.
const IkedPath = "/usr/sbin/iked"

// ikedHome is where iked looks for keys and certificates; it takes no other place.
const ikedHome = "/etc/iked"

// Iked starts OpenIKED on the host with its configuration, and with the files of its folder by their name there.
func (h *Host) Iked(conf string, files map[string]string) *Process {
	h.lab.Helper()
	h.lab.ikedUser()
	for name, text := range files {
		h.lab.place(filepath.Join(ikedHome, name), text)
	}
	p := h.Start("iked", nil, IkedPath, "-d", "-vv", "-f", h.Write("iked.conf", conf))
	h.lab.Await("OpenIKED to have its configuration", func() bool { return strings.Contains(p.Log(), "compilation done") })
	return p
}

// ikedUser makes the user that iked becomes, and the folder that it locks itself into.
func (l *Lab) ikedUser() {
	l.Helper()
	const home = "/run/iked"
	if err := os.MkdirAll(home, 0o755); err != nil {
		l.Fatal(err)
	}
	l.place("/etc/passwd", "root:x:0:0::/root:/bin/sh\n_iked:x:150:150::"+home+":/bin/false\n")
	l.place("/etc/group", "root:x:0:\n_iked:x:150:\n")
	for _, folder := range []string{"ca", "certs", "crls", "pubkeys"} {
		if err := os.MkdirAll(filepath.Join(ikedHome, folder), 0o755); err != nil {
			l.Fatal(err)
		}
	}
}

// place writes a file of the machine that other users may read, unless it is a key.
func (l *Lab) place(path, text string) {
	l.Helper()
	mode := os.FileMode(0o644)
	if filepath.Ext(path) == ".key" {
		mode = 0o600
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		l.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		l.Fatal(err)
	}
}
