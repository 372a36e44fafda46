package lab

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Pluto is Libreswan's daemon, whose ESP is the kernel's. It is unpacked from Debian's package for machines of package vm alone.
type Pluto struct {
	*Process
	host *Host
	dir  string
}

// Where Libreswan's programs are.
const (
	PlutoPath   = "/usr/libexec/ipsec/pluto"
	WhackPath   = "/usr/libexec/ipsec/whack"
	AddconnPath = "/usr/libexec/ipsec/addconn"
)

// A Keystore is what Pluto signs with: a PKCS #12 file, whose certificate it knows by name, and its password.
type Keystore struct{ File, Password string }

// Pluto starts Libreswan on the host with its secrets, and with keys that its database is to have.
func (h *Host) Pluto(secrets string, keys ...Keystore) *Pluto {
	h.lab.Helper()
	dir := filepath.Join(h.dir, "pluto")
	database := filepath.Join(dir, "nss")
	for _, folder := range []string{"nss", "run", "ipsec.d/policies"} {
		h.Write(filepath.Join("pluto", folder, ".made"), "")
	}
	h.Must("certutil", "-N", "-d", "sql:"+database, "--empty-password")
	for _, k := range keys {
		h.Must("pk12util", "-i", k.File, "-d", "sql:"+database, "-W", k.Password)
	}
	h.Write("pluto/ipsec.conf", "config setup\n")
	p := &Pluto{host: h, dir: dir}
	p.Process = h.Start("pluto", nil, PlutoPath, "--nofork", "--stderrlog", "--use-xfrm", "--no-dnssec", "--config", filepath.Join(dir, "ipsec.conf"),
		"--rundir", filepath.Join(dir, "run"), "--nssdir", database, "--ipsecdir", filepath.Join(dir, "ipsec.d"),
		"--secretsfile", h.Write("pluto/ipsec.secrets", secrets))
	h.lab.Await("Libreswan to listen", func() bool { return strings.Contains(p.Log(), "listening for IKE messages") })
	return p
}

// Trust has the authorities of the database vouch for peers, by the names of their certificates.
func (p *Pluto) Trust(authority string) {
	p.host.lab.Helper()
	p.host.Must("certutil", "-M", "-d", "sql:"+filepath.Join(p.dir, "nss"), "-n", authority, "-t", "CT,,")
}

// Load adds a connection, or replaces it, from its lines in ipsec.conf.
func (p *Pluto) Load(name, lines string) {
	p.host.lab.Helper()
	conf := p.host.Write("pluto/ipsec.conf", fmt.Sprintf("config setup\n\nconn %s\n%s\n", name, lines))
	p.host.Must(AddconnPath, "--ctlsocket", filepath.Join(p.dir, "run", "pluto.ctl"), "--config", conf, name)
}

// TryWhack runs Libreswan's whack against the daemon.
func (p *Pluto) TryWhack(args ...string) (string, error) {
	return p.host.Try(append([]string{WhackPath, "--rundir", filepath.Join(p.dir, "run")}, args...)...)
}

// Whack is TryWhack for commands that have to succeed.
func (p *Pluto) Whack(args ...string) string {
	p.host.lab.Helper()
	out, err := p.TryWhack(args...)
	if err != nil {
		p.host.lab.Fatal(err)
	}
	return out
}
