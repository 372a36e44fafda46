package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Charon is strongSwan's daemon, driven by swanctl.
type Charon struct {
	*Process
	host *Host
}

// charonPlugins are what the tests use. bypass-lan, dhcp and the like would touch the machine.
const charonPlugins = "random nonce openssl gcm ccm chapoly ctr aes sha1 sha2 hmac cmac xcbc kdf drbg curve25519 gmp mgf1 " +
	"pem pkcs1 pkcs8 pkcs12 x509 pubkey constraints revocation curl md5 gcrypt eap-identity eap-mschapv2 eap-md5 eap-gtc eap-tls eap-ttls eap-radius " +
	"kernel-libipsec kernel-netlink socket-default vici updown counters"

// swanctlPlugins are what swanctl loads.
const swanctlPlugins = "random nonce openssl aes sha1 sha2 hmac pem pkcs1 pkcs8 pkcs12 x509 pubkey"

// KernelCharonPlugins are what charon loads to drive the kernel's ESP, and swanctl to drive charon.
const KernelCharonPlugins = swanctlPlugins + " gcm ccm chapoly ctr cmac xcbc kdf drbg curve25519 constraints kernel-netlink socket-default vici updown"

// Charon starts charon on the host, with the user-space ESP of kernel-libipsec. Extra is put into the charon-systemd section
// of strongswan.conf.
func (h *Host) Charon(extra string) *Charon {
	h.lab.Helper()
	return h.charon(charonPlugins, extra)
}

// KernelCharon is Charon with the ESP of the kernel.
func (h *Host) KernelCharon(extra string) *Charon {
	h.lab.Helper()
	return h.charon(KernelCharonPlugins, extra)
}

// TokenCharon is Charon that uses the tokens of a PKCS #11 module, which it calls by a name.
func (h *Host) TokenCharon(name, module string) *Charon {
	h.lab.Helper()
	return h.charon(charonPlugins+" pkcs11", fmt.Sprintf("plugins {\n pkcs11 {\n modules {\n %s {\n path = %s\n }\n }\n }\n }", name, module))
}

func (h *Host) charon(plugins, extra string) *Charon {
	h.lab.Helper()
	h.swanctlFolders()
	conf := h.Write("strongswan.conf", fmt.Sprintf(`charon-systemd {
	load = %s
	install_routes = yes
	journal {
		default = -1
	}
	filelog {
		main {
			path = %s
			default = 1
			flush_line = yes
			time_format = %%H:%%M:%%S
			time_add_ms = yes
		}
	}
	plugins {
		vici {
			socket = unix://%s
		}
		kernel-libipsec {
			load = yes
			allow_peer_ts = yes
		}
	}
	%s
}
swanctl {
	load = %s
}
`, plugins, filepath.Join(h.dir, "charon.log"), h.viciSocket(), extra, swanctlPlugins))
	p := h.StartNotify("charon-out", []string{"STRONGSWAN_CONF=" + conf}, "/usr/sbin/charon-systemd")
	return &Charon{Process: p, host: h}
}

func (h *Host) viciSocket() string { return filepath.Join(h.dir, "vici") }

// TrySwanctl runs swanctl against the daemon.
func (c *Charon) TrySwanctl(args ...string) (string, error) {
	return (&Swanctl{c.host}).Try(args...)
}

// Swanctl is TrySwanctl for commands that have to succeed.
func (c *Charon) Swanctl(args ...string) string {
	c.host.lab.Helper()
	out, err := c.TrySwanctl(args...)
	if err != nil {
		c.host.lab.Fatal(err)
	}
	return out
}

// Load writes swanctl.conf and loads it whole.
func (c *Charon) Load(conf string) {
	c.host.lab.Helper()
	c.host.Write("swanctl/swanctl.conf", conf)
	c.Swanctl("--load-all", "--noprompt")
}

// SAs returns swanctl's listing.
func (c *Charon) SAs() string { return c.Swanctl("--list-sas") }

// Established tells how many IKE SAs of the listing are up.
func (c *Charon) Established() int { return strings.Count(c.SAs(), "ESTABLISHED") }

// Installed tells how many children of the listing are up.
func (c *Charon) Installed() int { return strings.Count(c.SAs(), "INSTALLED") }

// CharonLog returns the daemon's own log.
func (c *Charon) CharonLog() string {
	text, _ := os.ReadFile(filepath.Join(c.host.dir, "charon.log"))
	return string(text)
}

var inboundPackets = regexp.MustCompile(`in\s+[0-9a-f]+[^\n]*?(\d+) packets`)

// InboundPackets sums the packets that charon's children have received.
func (c *Charon) InboundPackets() int {
	sum := 0
	for _, m := range inboundPackets.FindAllStringSubmatch(c.SAs(), -1) {
		n, _ := strconv.Atoi(m[1])
		sum += n
	}
	return sum
}
