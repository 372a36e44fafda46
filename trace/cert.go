package trace

import (
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"culvert/api"
	"culvert/auth/chain"
	"culvert/auth/keys"
	"culvert/wire"
)

// maxNames bounds the names of a certificate that are shown.
const maxNames = 8

// hashLen is that of SHA-1, by which authorities and certificates are named (RFC 7296, Sections 3.6 and 3.7).
const hashLen = sha1.Size

func showCert(c *wire.Cert, length int) shown {
	s := shown{fields: []api.TraceField{field("encoding", c.Encoding.String()), field("length", octets(length))}}
	s.summary = c.Encoding.String() + ", " + octets(length)
	switch {
	case len(c.Data) == 0:
	case c.Encoding == wire.CertX509Signature:
		s.certificate(c.Data)
	case c.Encoding == wire.CertRawPublicKey:
		if pub, err := keys.ParsePublic(c.Data); err == nil {
			s.summary = "raw public key, " + keys.Name(pub)
			s.fields = append(s.fields, field("key", keys.Name(pub)))
		}
	case c.Encoding == wire.CertHashURLX509 && len(c.Data) > hashLen:
		s.summary = "by URL " + words(c.Data[hashLen:])
		s.fields = append(s.fields, field("SHA-1", hexadecimal(c.Data[:hashLen])), field("URL", words(c.Data[hashLen:])))
	}
	return s
}

// certificate shows what an operator looks for: whose it is, who issued it, its names, its time.
func (s *shown) certificate(der []byte) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		s.summary += ", malformed"
		s.fields = append(s.fields, field("malformed", clean(err.Error())))
		return
	}
	s.summary = clean(chain.Name(c))
	s.fields = append(s.fields, field("subject", clean(chain.Name(c))), field("issuer", clean(c.Issuer.String())),
		field("serial", clean(c.SerialNumber.Text(16))), field("not before", c.NotBefore.UTC().Format(time.RFC3339)),
		field("not after", c.NotAfter.UTC().Format(time.RFC3339)))
	for _, name := range certNames(c) {
		s.fields = append(s.fields, field("subjectAltName", clean(name)))
	}
	if pub, err := chain.PublicKey(c); err == nil {
		s.fields = append(s.fields, field("key", keys.Name(pub)))
	}
}

// certNames are the first subjectAltNames.
func certNames(c *x509.Certificate) []string {
	names := slices.Concat(c.DNSNames, c.EmailAddresses)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names[:min(len(names), maxNames)]
}

func showCertReq(c *wire.CertReq, length int) shown {
	if c.Encoding != wire.CertX509Signature {
		return shown{c.Encoding.String() + ", " + octets(length), nil}
	}
	s := shown{summary: authorities(length / hashLen)}
	for hash := range slices.Chunk(c.Data[:len(c.Data)/hashLen*hashLen], hashLen) {
		s.fields = append(s.fields, field("SHA-1 of a key", hexadecimal(hash)))
	}
	return s
}

func authorities(n int) string {
	if n == 1 {
		return "1 authority"
	}
	return fmt.Sprintf("%d authorities", n)
}

// joined lists a few things, and tells how many more there are.
func joined(list []string) string {
	const most = 16
	if more := len(list) - most; more > 0 {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(list, ", ")
}
