package service

import (
	"context"
	"crypto/x509"
	"strings"

	"culvert/auth/dn"
	"culvert/config"
	"culvert/swanctl/settings"
	"culvert/vici"
)

// The types and flags of certificates.
const (
	TypeX509      = "X509"
	TypeAC        = "X509_AC"
	TypeCRL       = "X509_CRL"
	TypeOCSP      = "OCSP_RESPONSE"
	TypePublicKey = "PUBKEY"

	FlagNone = "NONE"
	FlagCA   = "CA"
	FlagAA   = "AA"
	FlagOCSP = "OCSP"

	anyValue = "ANY"
)

// mostFetched bounds what is listed of what others have made: a longer one fits no message.
const mostFetched = vici.MaxSegment - 4096

// distinguishedName prints a name as strongSwan does: "C=CH, O=strongSwan, CN=moon".
func distinguishedName(der []byte) string { return dn.Format(der) }

// listCerts streams the certificates that the configuration names and that clients have loaded, each once.
func (s *Service) listCerts(_ context.Context, call *vici.Call) *settings.Section {
	want, ok := certificateFilter(call.Request)
	if !ok {
		return nil
	}
	all := s.certificates()
	for _, kind := range []struct{ kind, flag string }{
		{TypePublicKey, ""}, {TypeX509, FlagNone}, {TypeX509, FlagCA}, {TypeX509, FlagAA}, {TypeX509, FlagOCSP}, {TypeAC, ""}, {TypeCRL, ""}, {TypeOCSP, ""},
	} {
		for _, c := range all {
			if c.Type != kind.kind || c.Flag != kind.flag || !want.accepts(c) {
				continue
			}
			if call.Stream(eventListCert, certificate(c)) != nil {
				return nil
			}
		}
	}
	return nil
}

// certificate shows one certificate.
func certificate(c Certificate) *settings.Section {
	m := new(settings.Section).Add("type", c.Type)
	optional(m, "flag", c.Flag)
	if c.HasKey {
		m.Add("has_privkey", "yes")
	}
	return m.AddBytes("data", c.DER)
}

// A filter says which certificates are wanted.
type filter struct{ kind, flag, subject string }

// certificateFilter reads a request, whose type may be one of the older words that stand for type and flag. Of an unknown type or flag
// there is nothing.
func certificateFilter(request *settings.Section) (filter, bool) {
	f := filter{kind: strings.ToUpper(request.Text("type")), flag: anyValue, subject: request.Text("subject")}
	switch f.kind {
	case "":
		f.kind = anyValue
	case TypeX509:
		if flag := strings.ToUpper(request.Text("flag")); flag != "" {
			f.flag = flag
		}
	case anyValue, TypeAC, TypeCRL, TypeOCSP, TypePublicKey:
	case "X509CA", "X509OCSP", "X509AA":
		f.kind, f.flag = TypeX509, strings.TrimPrefix(f.kind, TypeX509)
	case "X509AC":
		f.kind = TypeAC
	case "X509CRL":
		f.kind = TypeCRL
	default:
		return f, false
	}
	switch f.flag {
	case anyValue, FlagNone, FlagCA, FlagAA, FlagOCSP:
		return f, true
	}
	return f, false
}

func (f filter) accepts(c Certificate) bool {
	return (f.kind == anyValue || f.kind == c.Type) && (f.flag == anyValue || c.Flag == f.flag) && (f.subject == "" || named(c, f.subject))
}

// named tells whether a subject is that of a certificate, as a distinguished name or one of the alternative names.
func named(c Certificate, name string) bool {
	if c.Type != TypeX509 {
		return false
	}
	cert, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return false
	}
	if der, err := dn.Parse(name); err == nil && dn.Match(der, cert.RawSubject) {
		return true
	}
	for _, alternative := range append(append([]string{distinguishedName(cert.RawSubject)}, cert.DNSNames...), cert.EmailAddresses...) {
		if strings.EqualFold(alternative, name) {
			return true
		}
	}
	return false
}

// A shelf collects certificates, each once.
type shelf struct {
	list []Certificate
	at   map[string]int // by type and octets
}

// put adds a certificate, or notes what else is known of it.
func (s *shelf) put(c Certificate) {
	key := c.Type + string(c.DER)
	if i, ok := s.at[key]; ok {
		s.list[i].HasKey = s.list[i].HasKey || c.HasKey
		return
	}
	s.at[key] = len(s.list)
	s.list = append(s.list, c)
}

// files adds the certificates of files. The first one may have its key here.
func (s *shelf) files(files []config.CertificateFile, key bool) {
	first := key
	for _, f := range files {
		for _, c := range f.Certificates {
			s.put(Certificate{Type: TypeX509, Flag: flagOf(c), DER: c.Raw, HasKey: first})
			first = false
		}
	}
}

func flagOf(c *x509.Certificate) string {
	if c.IsCA {
		return FlagCA
	}
	return FlagNone
}

// certificates are those that the daemon knows.
func (s *Service) certificates() []Certificate {
	all := &shelf{at: make(map[string]int)}
	for _, c := range s.daemon.Loaded() {
		all.put(c)
	}
	for _, c := range s.daemon.Configuration().Connections {
		for _, r := range c.Local.Rounds() {
			all.files(r.Certificates, r.Key != nil)
			for _, a := range r.Alternatives {
				all.files(a.Certificates, true)
			}
		}
		for _, r := range c.Remote.Rounds() {
			all.remote(r)
		}
	}
	for _, a := range s.daemon.Configuration().Authorities {
		all.files(a.CA, false)
	}
	for _, c := range s.daemon.Fetched() {
		if len(c.DER) < mostFetched {
			all.put(c)
		}
	}
	return all.list
}

// remote adds what the peer's side of a connection names.
func (s *shelf) remote(r *config.RemoteRound) {
	s.files(r.Pinned, false)
	s.files(r.CAs, false)
	s.files(r.Intermediates, false)
	s.files(r.Via, false)
	for _, f := range r.CRLs {
		for _, l := range f.Lists {
			s.put(Certificate{Type: TypeCRL, DER: l.Raw})
		}
	}
	for _, f := range r.PublicKeys {
		if der, err := x509.MarshalPKIXPublicKey(f.Key); err == nil {
			s.put(Certificate{Type: TypePublicKey, DER: der})
		}
	}
}
