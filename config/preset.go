package config

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"culvert/suite"
	"culvert/wire"
)

// PeerType is a class of peers whose ways are known. It changes defaults; options that are given count.
type PeerType string

// A preset is what a class of peers needs that differs from the defaults. Zero values change nothing.
type preset struct {
	peer        PeerType
	why         string         // for the reference
	ike, esp    []string       // proposals in order of preference
	rekey       time.Duration  // of the IKE SA
	childRekey  time.Duration  // of children
	leaveRekeys bool           // the peer rekeys children, we do not
	schemes     []suite.Scheme // that we sign with
	sha1        bool           // it signs and verifies as before RFC 7427: RSA with SHA-1
	dpdDelay    time.Duration
	classical   bool // it knows nothing that withstands quantum computers, so that offering it is in vain
}

// presets lists all classes. What is said of native clients and clouds is their makers' documentation and what others have
// recorded of them.
func presets() []preset {
	rsaAndECDSA := []suite.Scheme{suite.SchemeRSASHA256, suite.SchemeRSASHA384, suite.SchemeRSASHA512, suite.SchemeECDSASHA256, suite.SchemeECDSASHA384}
	return []preset{
		{peer: "windows", why: "AES-CBC with MODP 2048 as its defaults have once group 14 is enabled, and what a script of `culvert client export` sets; no key exchange for children, which it refuses; it rekeys children itself, as it cannot follow us behind a NAT; no RFC 7427, so that RSA signatures are PKCS #1 with SHA-1",
			ike:         []string{"aes256gcm16-prfsha384-ecp384", "aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp256-modp2048", "aes256-aes128-sha384-sha256-ecp384-ecp256-modp2048", "aes256-sha1-modp2048"},
			esp:         []string{"aes256gcm16-aes128gcm16", "aes256-aes128-sha256", "aes256-aes128-sha1"},
			leaveRekeys: true, schemes: rsaAndECDSA, sha1: true, classical: true},
		{peer: "apple", why: "one proposal that has to match exactly: those of profiles and the defaults; a key exchange for children as it likes; RSA signatures with SHA-1 where it has no RFC 7427; ML-KEM where it has it",
			sha1: true,
			ike:  []string{"aes256gcm16-aes128gcm16-prfsha384-prfsha256-prfsha512-x25519-ecp384-ecp256-ecp521-modp3072-modp2048-ke1_mlkem1024-ke1_mlkem768", "aes256gcm16-aes128gcm16-prfsha384-prfsha256-prfsha512-x25519-ecp384-ecp256-ecp521-modp3072-modp2048", "aes256-aes128-sha384-sha256-sha512-x25519-ecp384-ecp256-ecp521-modp3072-modp2048"},
			esp:  []string{"aes256gcm16-aes128gcm16-chacha20poly1305-x25519-ecp384-ecp256-ecp521-modp3072-modp2048-ke1_mlkem1024-ke1_mlkem768", "aes256gcm16-aes128gcm16-chacha20poly1305-x25519-ecp384-ecp256-ecp521-modp3072-modp2048-none", "aes256-aes128-sha384-sha256-sha512-x25519-ecp384-ecp256-ecp521-modp3072-modp2048-none"}},
		{peer: "android", why: "Android 11 and later; X25519 and AES-CMAC since 12; it may sign with PKCS #1 whatever was agreed",
			ike: []string{"aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-prfsha512-x25519-modp4096-modp3072-modp2048", "aes256-aes128-aes256ctr-aes128ctr-sha384-sha256-sha512-aescmac-aesxcbc-prfsha384-prfsha256-prfsha512-prfaescmac-prfaesxcbc-x25519-modp4096-modp3072-modp2048"},
			esp: []string{"aes256gcm16-aes128gcm16-chacha20poly1305", "aes256-aes128-aes256ctr-aes128ctr-sha384-sha256-sha512-aescmac-aesxcbc"}},
		{peer: "strongswan-app", why: "it leads with ECP-256, which spares a round trip if we take it",
			ike: []string{"aes256gcm16-aes128gcm16-chacha20poly1305-prfsha384-prfsha256-prfsha512-ecp256-x25519-ecp384-ecp521-modp3072-modp4096-modp2048", "aes256-aes128-sha384-sha256-sha512-ecp256-x25519-ecp384-ecp521-modp3072-modp4096-modp2048"}},
		{peer: "aws", why: "site-to-site VPN: phase 1 of 8 hours, phase 2 of 1 hour; two tunnels, so make two connections",
			ike:   []string{"aes256gcm16-prfsha384-ecp384-ecp256-modp3072-modp2048", "aes256-aes128-sha384-sha256-ecp384-ecp256-modp3072-modp2048"},
			esp:   []string{"aes256gcm16-aes128gcm16-ecp384-ecp256-modp3072-modp2048", "aes256-aes128-sha384-sha256-ecp384-ecp256-modp3072-modp2048"},
			rekey: 8*time.Hour - 15*time.Minute, childRekey: 50 * time.Minute, dpdDelay: 10 * time.Second, classical: true},
		{peer: "azure", why: "VPN gateway: phase 1 of 8 hours, phase 2 of 27000 s; no key exchange for children unless its policy has one",
			ike:   []string{"aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp384-ecp256-modp2048", "aes256-aes128-sha384-sha256-ecp384-ecp256-modp2048"},
			esp:   []string{"aes256gcm16-ecp384-ecp256-modp2048-none", "aes256-sha256-ecp384-ecp256-modp2048-none"},
			rekey: 7 * time.Hour, childRekey: 7 * time.Hour, dpdDelay: 15 * time.Second, classical: true},
		{peer: "gcp", why: "Cloud VPN: phase 1 of 10 hours, phase 2 of 3 hours, always with a key exchange",
			ike:   []string{"aes256gcm16-aes128gcm16-prfsha512-prfsha384-prfsha256-x25519-ecp384-ecp256-modp4096-modp3072-modp2048", "aes256-aes128-sha512-sha384-sha256-ecp384-ecp256-modp4096-modp3072-modp2048"},
			esp:   []string{"aes256gcm16-aes128gcm16-ecp384-ecp256-modp4096-modp3072-modp2048", "aes256-aes128-sha512-sha256-ecp384-ecp256-modp4096-modp3072-modp2048"},
			rekey: 9 * time.Hour, childRekey: 150 * time.Minute, dpdDelay: 20 * time.Second, classical: true},
		{peer: "cisco", why: "IOS and ASA: groups up to ECP-521; a day and an hour; it narrows a child to one pair of networks, so give each pair a child",
			ike:   []string{"aes256gcm16-prfsha512-prfsha384-prfsha256-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048", "aes256-aes128-sha512-sha384-sha256-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048"},
			esp:   []string{"aes256gcm16-aes128gcm16-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048-none", "aes256-aes128-sha512-sha384-sha256-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048-none"},
			rekey: 23 * time.Hour, childRekey: 50 * time.Minute},
		{peer: "mikrotik", why: "RouterOS: AES-CBC and AES-GCM with SHA-2, a day and half an hour; it puts a configuration request into rekeys, which has no effect",
			ike:   []string{"aes256gcm16-aes128gcm16-prfsha512-prfsha384-prfsha256-x25519-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048", "aes256-aes128-sha512-sha384-sha256-x25519-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048"},
			esp:   []string{"aes256gcm16-aes128gcm16-x25519-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048-none", "aes256-aes128-sha512-sha256-x25519-ecp384-ecp256-ecp521-modp4096-modp3072-modp2048-none"},
			rekey: 23 * time.Hour, childRekey: 25 * time.Minute, classical: true},
	}
}

// presetOf returns the preset of a class, an empty one for none.
func presetOf(peer PeerType) preset {
	list := presets()
	if i := slices.IndexFunc(list, func(p preset) bool { return p.peer == peer }); i >= 0 {
		return list[i]
	}
	return preset{}
}

// peerType is the slot of peer_type, which is read before all other options of a connection.
func peerType(c *Connection) slot {
	var names []namedValue[PeerType]
	for _, p := range presets() {
		names = append(names, value(string(p.peer), p.peer))
	}
	return &peerTypeSlot{one(&c.PeerType, choice("peer type", names...)), c}
}

type peerTypeSlot struct {
	slot
	connection *Connection
}

func (s *peerTypeSlot) read(d *decoder, o *option, origin *Origin, expr hcl.Expression) {
	s.slot.read(d, o, origin, expr)
	presetOf(s.connection.PeerType).connection(s.connection)
}

// connection changes the defaults of a connection.
func (p preset) connection(c *Connection) {
	c.Proposals = p.proposals(wire.ProtocolIKE, p.ike, c.Proposals)
	c.RekeyTime = firstOf(p.rekey, c.RekeyTime)
	c.DPDDelay = firstOf(p.dpdDelay, c.DPDDelay)
	if p.schemes != nil {
		c.Local.Schemes = p.schemes
	}
	c.Local.AllowSHA1, c.Remote.AllowSHA1 = p.sha1, p.sha1
	if p.classical {
		c.PostQuantum = suite.PostQuantumOff
	}
}

// child changes the defaults of a child.
func (p preset) child(c *Child) {
	c.Proposals = p.proposals(wire.ProtocolESP, p.esp, c.Proposals)
	c.RekeyTime = firstOf(p.childRekey, c.RekeyTime)
	if p.leaveRekeys {
		c.RekeyTime = 0
	}
}

func firstOf(a, b time.Duration) time.Duration {
	if a != 0 {
		return a
	}
	return b
}

// proposals parses the preset's own, which a test has seen to be right.
func (p preset) proposals(protocol wire.ProtocolID, words []string, usual []wire.Proposal) []wire.Proposal {
	if words == nil {
		return usual
	}
	list, err := suite.ParseProposals(protocol, words)
	if err != nil {
		return usual
	}
	return list
}

// peerTypeDoc lists the classes for the reference.
func peerTypeDoc() string {
	var b strings.Builder
	b.WriteString("What kind of peer it is; changes defaults to what such peers can do. Options that are given count.")
	for _, p := range presets() {
		b.WriteString(" `" + string(p.peer) + "`: " + p.why + ".")
	}
	return b.String()
}
