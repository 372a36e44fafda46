package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Swanctl is Debian's swanctl on a host, against whatever daemon serves the host's VICI socket.
type Swanctl struct{ host *Host }

// VICI is the path of the host's socket of VICI.
func (h *Host) VICI() string { return h.viciSocket() }

// Swanctl returns the host's swanctl, with an empty configuration of its own. A host with charon has one already.
func (h *Host) Swanctl() *Swanctl {
	h.lab.Helper()
	h.swanctlFolders()
	if _, err := os.Stat(h.strongswanConf()); err != nil {
		h.Write("strongswan.conf", fmt.Sprintf("swanctl {\n  load = %s\n}\n", swanctlPlugins))
	}
	return &Swanctl{h}
}

func (h *Host) strongswanConf() string { return filepath.Join(h.dir, "strongswan.conf") }

// swanctlFolders makes the folders where swanctl looks for credentials.
func (h *Host) swanctlFolders() {
	for _, d := range []string{"x509", "x509ca", "x509ocsp", "x509crl", "x509aa", "x509ac", "pubkey", "private", "rsa", "ecdsa", "pkcs8", "pkcs12", "bliss", "conf.d"} {
		if err := os.MkdirAll(filepath.Join(h.dir, "swanctl", d), 0o700); err != nil {
			h.lab.Fatal(err)
		}
	}
}

// Configure writes swanctl.conf.
func (s *Swanctl) Configure(conf string) { s.host.Write("swanctl/swanctl.conf", conf) }

// command is a call of swanctl.
func (s *Swanctl) command(args ...string) []string {
	full := append([]string{"env", "STRONGSWAN_CONF=" + s.host.strongswanConf(), "SWANCTL_DIR=" + filepath.Join(s.host.dir, "swanctl"), "/usr/sbin/swanctl"}, args...)
	return append(full, "--uri", "unix://"+s.host.viciSocket())
}

// Try runs swanctl.
func (s *Swanctl) Try(args ...string) (string, error) { return s.host.Try(s.command(args...)...) }

// Must is Try for commands that have to succeed.
func (s *Swanctl) Must(args ...string) string {
	s.host.lab.Helper()
	out, err := s.Try(args...)
	if err != nil {
		s.host.lab.Fatal(err)
	}
	return out
}

// Said is Must for commands whose complaints are wanted: swanctl succeeds although a credential could not be loaded, and says so
// beside its result.
func (s *Swanctl) Said(args ...string) string {
	s.host.lab.Helper()
	out, err := s.host.command(s.command(args...)...).CombinedOutput()
	if err != nil {
		s.host.lab.Fatalf("swanctl %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Follow runs a command that does not end, such as --log. Its output is the log of the process.
func (s *Swanctl) Follow(name string, args ...string) *Process {
	s.host.lab.Helper()
	return s.host.Start(name, nil, s.command(args...)...)
}
