package conformance

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"culvert/config"
	"culvert/daemon"
	"culvert/eap/mschapv2"
	"culvert/ike"
	"culvert/secret"
	"culvert/spd"
	"culvert/wire"
)

// Peers as they are: each is played as its maker documents it or others have seen it, against the connection that a configuration
// with its peer_type comes to.

// settings are what a test adds to a configuration, each in its block.
type settings struct{ connection, local, remote, child string }

// gatewayFor is a gateway for native clients, with a pool and users.
func gatewayFor(peer string, s settings) string {
	if s.remote == "" {
		s.remote = "eap {\n users = \"staff\"\n }"
	}
	return fmt.Sprintf(`
connection "clients" {
  peer_type = %q
  local {
    id          = "gw.example.org"
    certificate = "gw.pem"
    key         = "gw.key"
    %s
  }
  remote {
    %s
  }
  pools     = ["clients"]
  dpd_delay = "0s"
  %s
  child "net" {
    %s
    remote = ["dynamic"]
  }
}
pool "clients" {
  addresses = ["10.9.0.0/24", "fd09::/112"]
  dns       = ["10.1.0.53", "fd01::53"]
}
users "staff" {
  user "carol" { nt_hash = "%s" }
}
`, peer, s.local, s.remote, s.connection, orElse(s.child, `local = ["10.1.0.0/16", "fd01::/48"]`), hex.EncodeToString(mschapv2.NTHash(secret.Bytes(password))))
}

const password = "a password"

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// siteFor is a connection with a network behind a peer, the cloud's or a router's.
func siteFor(peer string, s settings) string {
	return fmt.Sprintf(`
connection "site" {
  %s
  remote {
    address = "%v"
    %s
  }
  dpd_delay = "0s"
  %s
  child "net" {
    %s
  }
}
secret "site" { psk = %q }
`, typeOption(peer), testerAddr(), s.remote, s.connection, orElse(s.child, "local = [\"10.1.0.0/16\"]\n remote = [\"10.2.0.0/16\"]"), sharedKey)
}

// typeOption sets peer_type where there is one.
func typeOption(peer string) string {
	if peer == "" {
		return ""
	}
	return fmt.Sprintf("peer_type = %q", peer)
}

// networks is the scene of two IPv4 networks.
func networks() scene {
	return scene{name: "sites", local: netip.MustParsePrefix("10.1.0.0/16"), remote: netip.MustParsePrefix("10.2.0.0/16")}
}

// configured makes the node of a configuration: its first connection, as the daemon would run it.
func configured(t testing.TB, text string, a *authority) *lab {
	t.Helper()
	files := fstest.MapFS{"culvert.hcl": {Data: []byte(text)}}
	for name, block := range a.files(t) {
		files[name] = &fstest.MapFile{Data: pem.EncodeToMemory(block), Mode: 0o600}
	}
	cfg, found := config.Source{Files: files}.Load("/culvert.hcl")
	if cfg == nil {
		t.Fatal(found)
	}
	connections := daemon.Connections(cfg, 500)
	l := newLab(t, networks(), func(c *ike.Connection) { *c = *connections[0] })
	l.nut.env.Admit = func(asked ike.Admission) ike.Work { return landlord{l, cfg.Pools, asked} }
	return l
}

// files are the gateway's key and certificate, as every client likes them, and the authority's. Without an authority there are none.
func (a *authority) files(t testing.TB) map[string]*pem.Block {
	t.Helper()
	if a == nil {
		return nil
	}
	key, err := x509.MarshalPKCS8PrivateKey(a.nut)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*pem.Block{
		"gw.pem": {Type: "CERTIFICATE", Bytes: a.gateway(t).Raw},
		"gw.key": {Type: "PRIVATE KEY", Bytes: key},
		"ca.pem": {Type: "CERTIFICATE", Bytes: a.certificate.Raw},
	}
}

// gateway is the gateway's certificate.
func (a *authority) gateway(t testing.TB) *x509.Certificate {
	t.Helper()
	if a.shown == nil {
		a.shown = a.issue(t, &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "gw.example.org"},
			DNSNames: []string{"gw.example.org"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, a.nut, a.certificate)
	}
	return a.shown
}

// A landlord admits everybody, and leases the first address of a pool.
type landlord struct {
	l     *lab
	pools []*config.Pool
	ike.Admission
}

// Run returns an ike.Verdict.
func (d landlord) Run(context.Context) any {
	d.l.admitted = append(d.l.admitted, d.Admission)
	var as ike.Assignment
	var addrs []netip.Addr
	for _, wish := range ike.RequestedAddresses(d.Request) {
		for _, p := range d.pools {
			for _, r := range p.Addresses {
				if first := r.First; first.Is4() == wish.Is4() {
					as.Addresses, addrs = append(as.Addresses, host(first)), append(addrs, first)
				}
			}
			as.DNS = p.DNS
		}
	}
	return ike.Verdict{Addresses: addrs, Reply: as.Reply(d.Request)}
}

// leasedIPv4 and leasedIPv6 are what the first client gets.
func leasedIPv4() netip.Addr { return netip.MustParseAddr("10.9.0.1") }
func leasedIPv6() netip.Addr { return netip.MustParseAddr("fd09::1") }

// anywhere are the selectors of a client that wants all traffic in the tunnel.
func anywhere(kind wire.PayloadType) *wire.TS {
	return selectors(kind, prefixTS("0.0.0.0/0"), prefixTS("::/0"))
}

func prefixTS(prefix string) wire.TrafficSelector {
	return ts(spd.Prefix(netip.MustParsePrefix(prefix)))
}

// offerAnywhere is offerChild for all traffic.
func (s *session) offerAnywhere(words ...string) *childOffer {
	s.Helper()
	o := s.offerChild(words...)
	o.tsi, o.tsr = anywhere(wire.PayloadTSi), anywhere(wire.PayloadTSr)
	return o
}

// offerAgain is offerRekey for the traffic that the child has.
func (c *child) offerAgain(words ...string) *childOffer {
	c.Helper()
	o := c.offerRekey(words...)
	o.tsi, o.tsr = c.tsi, c.tsr
	return o
}

// greet sends IKE_SA_INIT with an offer and what else the peer says, and takes the answer.
func (l *lab) greet(offer []wire.Proposal, more ...wire.Payload) (*session, message) {
	l.Helper()
	s, payloads := l.openWith(firstMethod(offer), offer)
	s.askInit(append(payloads, more...))
	return s, s.takeInit()
}

// greeted is greet of whom only the session counts.
func (l *lab) greeted(offer []wire.Proposal, more ...wire.Payload) *session {
	l.Helper()
	s, _ := l.greet(offer, more...)
	return s
}

// status is a notify without data.
func status(t wire.NotifyType) *wire.Notify { return &wire.Notify{NotifyType: t} }

// tells checks that the node's news name a code and words.
func (l *lab) tells(words ...string) {
	l.Helper()
	for _, w := range words {
		if !strings.Contains(l.gazette(), w) {
			l.Errorf("the node's news do not say %q: %s", w, l.gazette())
		}
	}
}

// leavesAlone checks that the node begins nothing for a time.
func (l *lab) leavesAlone(d time.Duration) {
	l.Helper()
	l.wait(d)
	l.silent()
}

// carried are the selectors that a Child SA has, as the peer sees them.
func (c *child) carried(tsi, tsr *wire.TS) {
	c.Helper()
	c.sameTS(c.tsi, tsi)
	c.sameTS(c.tsr, tsr)
}

// addressesTS are the selectors of addresses.
func addressesTS(kind wire.PayloadType, list ...netip.Addr) *wire.TS {
	p := selectors(kind)
	for _, a := range list {
		p.Selectors = append(p.Selectors, ts(spd.Host(a)))
	}
	return p
}
