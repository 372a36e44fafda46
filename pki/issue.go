package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A Request is for one certificate.
type Request struct {
	Name      string   // of the record; for a gateway its host name, for a client user or device
	Kind      Kind     // what it is for
	AltNames  []string // host names, addresses and mail addresses beside Name
	Algorithm Algorithm
	Public    crypto.PublicKey // key of the one who asks; nil: a key is made here
	Validity  time.Duration    // 0: 397 days for gateways, which is what Apple's clients take, 2 years for clients
}

// An Issued certificate with its key, if that was made here.
type Issued struct {
	Record
	Certificate *x509.Certificate
	Key         crypto.Signer // nil: not ours
}

// Issue makes a certificate. A gateway's is one that native clients accept: EKU server authentication, all names as SAN, and
// addresses as dNSName too, since Windows looks for them there.
func (a *Authority) Issue(r Request, now time.Time) (Issued, error) {
	key, public, err := r.keys()
	if err != nil {
		return Issued{}, err
	}
	template, err := a.template(r, now)
	if err != nil {
		return Issued{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Certificate, public, a.key)
	if err != nil {
		return Issued{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return Issued{}, err
	}
	record := Record{Serial: fmt.Sprintf("%x", cert.SerialNumber), Name: r.Name, Kind: r.Kind, Expires: cert.NotAfter, HasKey: key != nil}
	if key != nil {
		if err := a.writeKey(filepath.Join(keysDir, record.Serial+".key"), key); err != nil {
			return Issued{}, err
		}
	}
	if err := a.writePEM(filepath.Join(issuedDir, record.Serial+".pem"), "CERTIFICATE", der); err != nil {
		return Issued{}, err
	}
	a.index.Issued = append(a.index.Issued, record)
	return Issued{record, cert, key}, a.saveIndex()
}

// keys returns the keys of the certificate; the private one is nil when it is not ours.
func (r Request) keys() (crypto.Signer, crypto.PublicKey, error) {
	if r.Public != nil {
		return nil, r.Public, nil
	}
	key, err := r.Algorithm.or(ECDSAP256).generate()
	if err != nil {
		return nil, nil, err
	}
	return key, key.Public(), nil
}

// ikeIntermediate is an extended key usage that old clients of Apple ask for in a gateway's certificate.
func ikeIntermediate() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 8, 2, 2} }

func (a *Authority) template(r Request, now time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: r.Name}, NotBefore: now.Add(-backdate), NotAfter: a.end(r, now),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	switch r.Kind {
	case Gateway:
		t.ExtKeyUsage, t.UnknownExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, []asn1.ObjectIdentifier{ikeIntermediate()}
	case Client:
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	default:
		return nil, fmt.Errorf("there is no kind of certificate %q", r.Kind)
	}
	if a.index.CRLURL != "" {
		t.CRLDistributionPoints = []string{a.index.CRLURL}
	}
	if a.index.OCSPURL != "" {
		t.OCSPServer = []string{a.index.OCSPURL}
	}
	return t, addNames(t, r)
}

// end is when the certificate expires, which is not after the authority's own.
func (a *Authority) end(r Request, now time.Time) time.Time {
	validity := r.Validity
	switch {
	case validity == 0 && r.Kind == Gateway:
		validity = 397 * 24 * time.Hour
	case validity == 0:
		validity = 2 * 365 * 24 * time.Hour
	}
	if end := now.Add(validity); end.Before(a.Certificate.NotAfter) {
		return end
	}
	return a.Certificate.NotAfter
}

// addNames puts all names into the subjectAltName.
func addNames(t *x509.Certificate, r Request) error {
	names := append([]string{r.Name}, r.AltNames...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		addr, err := netip.ParseAddr(name)
		switch {
		case name == "":
			return errors.New("the certificate needs a name")
		case err == nil:
			t.IPAddresses = append(t.IPAddresses, addr.AsSlice())
			t.DNSNames = append(t.DNSNames, name)
		case strings.Contains(name, "@"):
			t.EmailAddresses = append(t.EmailAddresses, name)
		case isHostName(name):
			t.DNSNames = append(t.DNSNames, name)
		default:
			return fmt.Errorf("%q is neither host name, address nor mail address: peers could not identify the certificate by it", name)
		}
	}
	return nil
}

// isHostName reports whether a name can stand in a dNSName: labels of letters, digits and inner hyphens (RFC 1123,
// Section 2.1).
func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		bad := strings.IndexFunc(label, func(r rune) bool {
			return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		})
		if label == "" || len(label) > 63 || bad >= 0 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
	}
	return true
}

// Renew issues another certificate with the names and kind of the newest one of a name: with a new key of the same kind if the
// old one was made here, else for the same key. The old certificate stays valid until it ends.
func (a *Authority) Renew(name string, validity time.Duration, now time.Time) (Issued, error) {
	i := slices.IndexFunc(a.Records(), func(r Record) bool { return r.Name == name })
	if i < 0 {
		_, err := a.Current(name, now)
		return Issued{}, err
	}
	old := a.Records()[i]
	cert, err := a.CertificateOf(old)
	if err != nil {
		return Issued{}, err
	}
	r := Request{Name: name, Kind: old.Kind, AltNames: altNames(cert), Validity: validity}
	if old.HasKey {
		r.Algorithm = algorithmOf(cert.PublicKey)
	} else {
		r.Public = cert.PublicKey
	}
	return a.Issue(r, now)
}

func altNames(c *x509.Certificate) []string {
	names := slices.Concat(c.DNSNames, c.EmailAddresses)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names
}

// ParseRequest returns the key of a PKCS #10 certification request in DER, if who made it has the private one (RFC 2986).
func ParseRequest(der []byte) (crypto.PublicKey, error) {
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("whoever made the request does not have the key: %w", err)
	}
	return csr.PublicKey, nil
}
