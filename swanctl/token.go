package swanctl

import (
	"crypto"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"culvert/config"
	"culvert/explain"
	"culvert/keystore"
	"culvert/secret"
)

// Tokens reads PKCS #11 tokens, as keystore.Store does. What it needs of modules it knows.
type Tokens interface {
	OpenToken(uri string, pin secret.Bytes) (crypto.Signer, error)
	Certificate(uri string) ([]byte, error)
	CertificatesOf(m keystore.Module) ([]keystore.Certificate, error)
}

// errNoTokens is where nobody reads tokens.
var errNoTokens = errors.New("tokens cannot be read here")

// noTokens has none.
type noTokens struct{}

func (noTokens) OpenToken(string, secret.Bytes) (crypto.Signer, error) { return nil, errNoTokens }
func (noTokens) Certificate(string) ([]byte, error)                    { return nil, errNoTokens }
func (noTokens) CertificatesOf(keystore.Module) ([]keystore.Certificate, error) {
	return nil, errNoTokens
}

// tokens is who reads them.
func (s *Setup) tokens() Tokens {
	if s.Tokens == nil {
		return noTokens{}
	}
	return s.Tokens
}

// A tokenObject is how swanctl.conf and VICI name a key or certificate in a token.
type tokenObject struct{ handle, slot, module value }

// tokenRows are the keys that name it.
func tokenRows[T interface{ inToken() *tokenObject }](what string) []row[T] {
	return []row[T]{
		{Key{"handle", Scalar, Implemented, "The CKA_ID of the " + what + " in hexadecimal. What is in tokens is read once, and again when the configuration is.", ""},
			func(to T, v value) error {
				to.inToken().handle = v
				_, err := handleOf(v.text())
				return err
			}},
		{Key{"slot", Scalar, Implemented, "The number of the slot that the token is in. Without it all tokens are searched.", ""},
			func(to T, v value) error {
				to.inToken().slot = v
				_, err := slotOf(v.text())
				return err
			}},
		{Key{"module", Scalar, Implemented, "The name of a module: of `pkcs11_module`, or in a tree of strongswan.conf beside it. Without it all are searched.", ""},
			func(to T, v value) error { to.inToken().module = v; return nil }},
	}
}

func (o *tokenObject) inToken() *tokenObject { return o }

// given tells whether the object is named.
func (o *tokenObject) given() bool { return o.handle.text() != "" }

// uri is the name of the object (RFC 7512). What is wrong with it was told when it was read.
func (o *tokenObject) uri() (string, error) {
	return tokenURI(o.handle.text(), o.slot.text(), o.module.text())
}

func tokenURI(handle, slot, module string) (string, error) {
	id, err := handleOf(handle)
	if err != nil {
		return "", err
	}
	number, err := slotOf(slot)
	if err != nil {
		return "", err
	}
	return keystore.URI(id, number, module), nil
}

// handleOf reads hexadecimal digits, with 0x in front and colons between as strongSwan has it.
func handleOf(s string) ([]byte, error) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToLower(s), "0x"), ":", "")
	if len(digits)%2 != 0 {
		digits = "0" + digits
	}
	id, err := hex.DecodeString(digits)
	if err != nil || len(id) == 0 {
		return nil, &mistake{"it is no CKA_ID in hexadecimal", "`pkcs11-tool --list-objects` tells it"}
	}
	return id, nil
}

// slotOf reads the number of a slot; none and -1 are any.
func slotOf(s string) (string, error) {
	if s == "" || s == "-1" {
		return "", nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return "", &mistake{"it is no number of a slot", "`pkcs11-tool --list-slots` tells it"}
	}
	return strconv.FormatUint(n, 10), nil
}

// NewTokenKey is a private key that a token keeps, by its URI.
func NewTokenKey(uri string, key crypto.Signer) (PrivateKey, error) {
	id, err := KeyID(key.Public())
	return PrivateKey{ID: id, Public: key.Public(), Token: uri, Signer: key}, err
}

// tokenCertificate reads a certificate in a token.
func (t *translation) tokenCertificate(kind CertificateKind, o *tokenObject) (Certificate, error) {
	uri, err := o.uri()
	if err != nil {
		return Certificate{}, err
	}
	der, err := t.setup.tokens().Certificate(uri)
	if err != nil {
		return Certificate{}, &mistake{"unable to load certificate: " + err.Error(), "see that the token is there: `pkcs11-tool --list-objects`"}
	}
	c, err := t.certificate(kind, der, "")
	c.Token = uri
	return c, err
}

// AddCertificates adds those that are in the tokens of some modules: all that are no authorities, and authorities that the token
// trusts.
func (s *Setup) AddCertificates(modules []keystore.Module) (found config.Diagnostics) {
	for _, m := range modules {
		if !m.Certificates {
			continue
		}
		all, err := s.tokens().CertificatesOf(m)
		if err != nil {
			at := origin{path: "pkcs11_module." + m.Name}
			found = append(found, at.diagnostic(config.Warning, explain.ConfigKeyStore, "the certificates in its tokens are not read: "+err.Error(), ""))
		}
		for _, inside := range all {
			c, err := s.inToken(inside)
			if err == nil && (c.Kind != CertAuthority || inside.Trusted) {
				s.trust(c)
			}
		}
	}
	return found
}

func (s *Setup) inToken(inside keystore.Certificate) (Certificate, error) {
	t := &translation{setup: s}
	c, err := t.certificate(CertEntity, inside.DER, "")
	if err == nil {
		c, err = loadedCertificate(CertEntity, c.X509, "")
	}
	c.Token = keystore.URI(inside.ID, "", inside.Module)
	return c, err
}
