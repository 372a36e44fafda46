package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"culvert/auth"
	"culvert/auth/chain"
	"culvert/auth/keys"
	"culvert/explain"
	"culvert/suite"
	"culvert/wire"
)

// The peers that come with operating systems, and with opinions about the gateway's certificate.
const (
	windows PeerType = "windows"
	apple   PeerType = "apple"
	android PeerType = "android"
)

// called returns what messages call such peers.
func (p PeerType) called() string {
	switch p {
	case windows:
		return "Windows"
	case apple:
		return "Apple's clients"
	case android:
		return "Android"
	}
	return string(p)
}

// shown is what clients judge a gateway by.
type shown struct {
	local *Local
	leaf  *x509.Certificate
	key   crypto.PublicKey
}

// A quirk is something about a certificate that some clients do not take.
type quirk struct {
	clients []PeerType
	trips   func(s shown) string // what is wrong, half a sentence about the certificate; "" for nothing
	action  string
}

// quirks lists what is known of clients, one row each.
func quirks() []quirk {
	return []quirk{
		{[]PeerType{windows, apple}, lacksServerAuth, "issue it with extendedKeyUsage serverAuth, as culvert pki gateway does"},
		{[]PeerType{windows}, lacksHostName, "issue it with the name that users connect to as dNSName in subjectAltName, as culvert pki gateway does"},
		{[]PeerType{windows}, addressOnly, "add the address as dNSName, too: Windows does not look at iPAddress"},
		{[]PeerType{windows}, keyOfWindows, "use an RSA, ECDSA P-256 or P-384 key for this gateway"},
		{[]PeerType{windows}, signedByPSS, "have the certificate signed with RSA PKCS #1 or ECDSA"},
		{[]PeerType{windows}, signsByPSS, "add rsa-sha256 to signature_schemes"},
		{[]PeerType{apple}, unlikeIdentity, "issue it with local.id, which is the remote identifier of the profile, as subjectAltName"},
		{[]PeerType{apple}, ecdsaOfApple, "use an RSA certificate, or give clients a profile that names the type of the certificate"},
		{[]PeerType{apple, android}, keyOfPhones, "use an RSA or ECDSA key for this gateway"},
	}
}

// lacksServerAuth: the purpose must be there.
func lacksServerAuth(s shown) string {
	if slices.Contains(s.leaf.ExtKeyUsage, x509.ExtKeyUsageServerAuth) {
		return ""
	}
	return "lacks the extended key usage serverAuth"
}

// lacksHostName: the client compares the name that it connects to with dNSNames alone.
func lacksHostName(s shown) string {
	if len(s.leaf.DNSNames) > 0 {
		return ""
	}
	return "has no dNSName in subjectAltName"
}

// addressOnly: an address counts as dNSName only.
func addressOnly(s shown) string {
	for _, ip := range s.leaf.IPAddresses {
		if !slices.Contains(s.leaf.DNSNames, ip.String()) {
			return fmt.Sprintf("has %v as address and not as dNSName", ip)
		}
	}
	return ""
}

// keyOfWindows: RSA and the two smaller NIST curves.
func keyOfWindows(s shown) string {
	switch key := s.key.(type) {
	case *rsa.PublicKey:
		return ""
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() {
			return ""
		}
	}
	return "has a key that Windows does not know (" + keys.Name(s.key) + ")"
}

func signedByPSS(s shown) string {
	switch s.leaf.SignatureAlgorithm {
	case x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return "is signed with RSA-PSS"
	}
	return ""
}

// signsByPSS: an RSA key that is configured for PSS alone.
func signsByPSS(s shown) string {
	pss := []suite.Scheme{suite.SchemePSSSHA256, suite.SchemePSSSHA384, suite.SchemePSSSHA512}
	_, isRSA := s.key.(*rsa.PublicKey)
	others := slices.ContainsFunc(s.local.Schemes, func(x suite.Scheme) bool { return !slices.Contains(pss, x) })
	if !isRSA || len(s.local.Schemes) == 0 || others {
		return ""
	}
	return "signs with RSA-PSS alone"
}

// unlikeIdentity: subject and other names do not count.
func unlikeIdentity(s shown) string {
	named := s.leaf.DNSNames
	if id := s.local.ID; id.Type == wire.IDFQDN && !slices.ContainsFunc(named, func(n string) bool { return strings.EqualFold(n, id.Data) }) {
		return fmt.Sprintf("does not have the identity %s as dNSName", id)
	}
	if s.local.ID.IsAny() && len(named) > 0 {
		return "has names, but without local.id the gateway says that it is its subject"
	}
	return ""
}

func ecdsaOfApple(s shown) string {
	if _, ok := s.key.(*ecdsa.PublicKey); ok {
		return "has an ECDSA key, which profiles made on the device refuse"
	}
	return ""
}

func keyOfPhones(s shown) string {
	switch s.key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return ""
	}
	return "has a key that they do not know (" + keys.Name(s.key) + ")"
}

// checkClients looks for what the peers of a connection would not take: those that it is for are warned of, and for a gateway
// with addresses for anybody there are notes.
func (d *decoder) checkClients(c *Connection) {
	l := &c.Local
	if len(c.Pools) == 0 && c.PeerType == "" || l.Auth != auth.MethodPublicKey || len(l.Certificates) == 0 {
		return
	}
	leaf := l.Certificates[0].Certificates[0]
	key, err := chain.PublicKey(leaf)
	if err != nil {
		return
	}
	for _, q := range quirks() {
		if what := q.trips(shown{l, leaf, key}); what != "" {
			d.reportQuirk(c, q, fmt.Sprintf("would refuse this gateway: the certificate of %s %s", chain.Name(leaf), what))
		}
	}
}

func (d *decoder) reportQuirk(c *Connection, q quirk, what string) {
	at := c.Local.span("certificate")
	switch {
	case slices.Contains(q.clients, c.PeerType):
		d.warn(explain.ConfigClientQuirk, at, finding{message: c.PeerType.called() + " " + what, hint: q.action})
	case c.PeerType == "":
		var who []string
		for _, p := range q.clients {
			who = append(who, p.called())
		}
		d.note(explain.ConfigClientQuirk, at, finding{message: strings.Join(who, " and ") + " " + what, hint: "if such clients are to connect, " + q.action})
	}
}
