package swanctl

import (
	"bytes"
	"crypto"
	"crypto/sha1" // what strongSwan names keys by, not a matter of security
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"culvert/auth/keys"
	"culvert/secret"
	"culvert/swanctl/settings"
)

// What has loaded an object, for config.Connection.Source.
const (
	LoadedByTree = "swanctl" // a folder as /etc/swanctl
	LoadedByVICI = "vici"
)

// A Setup is all that is configured in the terms of strongSwan. What changes it makes another one; what its parts point to is
// never written to.
type Setup struct {
	Connections  []Object
	Pools        []Object
	Authorities  []Object
	Certificates []Certificate
	Keys         []PrivateKey
	Secrets      []Secret
	Files        fs.FS  // where sections find the certificates that they name; its root is "/"
	Tokens       Tokens // where they find those in tokens; nil: nowhere
}

// read reads a file of at most 1 MiB by its absolute path.
func (s *Setup) read(name string) ([]byte, error) {
	const most = 1 << 20
	name = strings.TrimPrefix(path.Clean(name), "/")
	if s.Files == nil {
		return nil, fs.ErrNotExist
	}
	info, err := fs.Stat(s.Files, name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > most:
		return nil, errors.New("no regular file of at most 1 MiB")
	}
	return fs.ReadFile(s.Files, name)
}

// An Object is a connection, pool or authority, as VICI has it: lists are lists, certificates stand in them as they are.
type Object struct {
	Name    string
	Section *settings.Section
	Loader  string // LoadedByTree or LoadedByVICI
	Place   settings.Place
	size    int // octets, about, of what a client has loaded
}

// CertificateKind tells what a certificate is for, by the word of load-cert.
type CertificateKind string

// The kinds of certificates.
const (
	CertEntity    CertificateKind = "x509"
	CertAuthority CertificateKind = "x509ca"
	CertOCSP      CertificateKind = "x509ocsp"
	CertCRL       CertificateKind = "x509crl"
	CertPublicKey CertificateKind = "pubkey"
)

// A Certificate is one that was loaded, or a revocation list or a public key.
type Certificate struct {
	Kind  CertificateKind
	DER   []byte
	X509  *x509.Certificate // of the kinds that are X.509 certificates
	Key   crypto.PublicKey  // of certificates and public keys
	Path  string            // of the file that it comes from; "" in a message
	Token string            // URI of PKCS #11, of what is in a token
}

// A PrivateKey is one that was loaded, or one that a token keeps.
type PrivateKey struct {
	ID     string       // SHA-1 of the public key in hexadecimal
	Data   secret.Bytes // PEM or DER without encryption; nil in a token
	Public crypto.PublicKey
	Token  string        // URI of PKCS #11, without a PIN
	Signer crypto.Signer // of a key in a token: it is open
	Locked bool          // in its file it is encrypted, or in a container
	Path   string        // of the file that it comes from, or that its PIN is to be in; "" in a message
}

// A Secret is one that two sides know, or the password of a user.
type Secret struct {
	ID     string // by which it is replaced and unloaded; "": it stays
	Type   string // IKE, EAP, NTLM or PPK
	Data   secret.Bytes
	Owners []string // as given; none: anybody
	Place  settings.Place
}

// KeyID returns the name of a public key: the SHA-1 of its bits in hexadecimal.
func KeyID(pub crypto.PublicKey) (string, error) {
	der, err := keys.MarshalPublic(pub)
	if err != nil {
		return "", err
	}
	var info struct {
		Algorithm asn1.RawValue
		Bits      asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return "", err
	}
	sum := sha1.Sum(info.Bits.Bytes)
	return hex.EncodeToString(sum[:]), nil
}

// same tells whether two public keys are one.
func same(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && b != nil && k.Equal(b)
}

// KeyOf returns the private key of a public one.
func (s *Setup) KeyOf(pub crypto.PublicKey) (PrivateKey, bool) {
	i := slices.IndexFunc(s.Keys, func(k PrivateKey) bool { return same(k.Public, pub) })
	if i < 0 {
		return PrivateKey{}, false
	}
	return s.Keys[i], true
}

// trust adds an authority that is not there yet.
func (s *Setup) trust(c Certificate) {
	if !slices.ContainsFunc(s.Certificates, func(o Certificate) bool { return o.Kind == c.Kind && bytes.Equal(o.DER, c.DER) }) {
		s.Certificates = append(slices.Clip(s.Certificates), c)
	}
}

// of lists the certificates of a kind.
func (s *Setup) of(k CertificateKind) []Certificate {
	return slices.DeleteFunc(slices.Clone(s.Certificates), func(c Certificate) bool { return c.Kind != k })
}

// issuers returns the authorities above a certificate, nearest first. The root at the end is not sent, but tells what peers mean
// who ask for a certificate below it.
func (s *Setup) issuers(leaf *x509.Certificate) (list []Certificate) {
	const longest = 8
	for len(list) < longest {
		i := slices.IndexFunc(s.Certificates, func(c Certificate) bool {
			return c.Kind == CertAuthority && bytes.Equal(c.X509.RawSubject, leaf.RawIssuer) && leaf.CheckSignatureFrom(c.X509) == nil
		})
		if i < 0 {
			return list
		}
		list, leaf = append(list, s.Certificates[i]), s.Certificates[i].X509
		if isRoot(leaf) {
			return list
		}
	}
	return list
}

func isRoot(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }
