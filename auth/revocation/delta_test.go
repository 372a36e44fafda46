package revocation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/auth/internal/pkitest"
)

const deltaURL = "http://crl.example.org/delta.crl"

// freshest is a freshestCRL extension.
func freshest(urls ...string) pkix.Extension {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, u := range urls {
			nest(b, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(u)) })
			}, casn1.SEQUENCE, casn1.Tag(0).ContextSpecific().Constructed(), casn1.Tag(0).ContextSpecific().Constructed())
		}
	})
	return pkix.Extension{Id: oidFreshest(), Value: b.BytesOrPanic()}
}

// indicator is a deltaCRLIndicator.
func indicator(base int64) pkix.Extension {
	der, _ := asn1.Marshal(base)
	return pkix.Extension{Id: oidDelta(), Critical: true, Value: der}
}

// deltaOf makes a list with extensions, with a certificate in it for a reason (-1: not in it).
func (s *scene) deltaOf(t testing.TB, number int64, reason int, extensions ...pkix.Extension) *x509.RevocationList {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: pkitest.Now().Add(-time.Hour), NextUpdate: pkitest.Now().AddDate(0, 0, 1), ExtraExtensions: extensions}
	if reason >= 0 {
		list.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: s.leaf.SerialNumber, RevocationTime: pkitest.Now().Add(-time.Minute), ReasonCode: reason}}
	}
	return pkitest.Reparse(t, list, s.root)
}

// TestDeltaLists (RFC 5280, Sections 5.2.4 and 6.3.3).
func TestDeltaLists(t *testing.T) {
	const none = -1
	point := pkix.Extension{Id: oidIssuingDistributionPoint(), Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}}
	for _, tt := range []struct {
		name  string
		base  int // reason of the certificate's entry in the complete list, which has number 5
		delta func(*testing.T, *scene) *x509.RevocationList
		want  string
		word  string
	}{
		{"nothing new", none, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 6, none, indicator(5)) }, "good", ""},
		{"revoked since", none, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 6, 1, indicator(5)) }, "revoked", "key compromise"},
		{"revoked before and in between", none, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 9, 4, indicator(3)) }, "revoked", "superseded"},
		{"released from hold", 6, func(t *testing.T, s *scene) *x509.RevocationList {
			return s.deltaOf(t, 6, removeFromCRL, indicator(5))
		}, "good", ""},
		{"still on hold", 6, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 6, none, indicator(5)) }, "revoked", "hold"},
		{"begins too late", none, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 8, 1, indicator(6)) }, "good", ""},
		{"older than the complete one", none, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 4, 1, indicator(2)) }, "good", ""},
		{"of another scope", none, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 6, 1, indicator(5), point) }, "good", ""},
		{"a complete list in its place", none, func(t *testing.T, s *scene) *x509.RevocationList { return s.deltaOf(t, 6, 1) }, "good", ""},
		{"of somebody else", 6, func(t *testing.T, s *scene) *x509.RevocationList {
			forger := *s
			forger.root = newScene(t).root
			return forger.deltaOf(t, 6, removeFromCRL, indicator(5))
		}, "revoked", "hold"},
		{"malformed indicator", none, func(t *testing.T, s *scene) *x509.RevocationList {
			return s.deltaOf(t, 6, 1, pkix.Extension{Id: oidDelta(), Critical: true, Value: []byte{5, 0}})
		}, "good", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, withCRL)
			s.web.serve(crlURL, s.deltaOf(t, 5, tt.base, freshest(deltaURL)).Raw)
			s.web.serve(deltaURL, tt.delta(t, s).Raw)
			unknown, err := s.ask(t, Strict)
			wantVerdict(t, unknown, err, tt.want, tt.word)
			if s.web.count(deltaURL) != 1 {
				t.Errorf("asked %d times", s.web.count(deltaURL))
			}
		})
	}
}

// TestDeltaListOfTheCertificate: the certificate may name it as well, and files may hold it.
func TestDeltaListOfTheCertificate(t *testing.T) {
	s := newScene(t, withCRL, func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, freshest(deltaURL)) })
	delta := s.deltaOf(t, 6, 1, indicator(5))
	s.web.serve(crlURL, s.deltaOf(t, 5, -1).Raw)
	s.web.serve(deltaURL, delta.Raw)
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "revoked")

	s.opt.CRLs = []*x509.RevocationList{delta, s.deltaOf(t, 5, -1)}
	unknown, err = NewChecker(nil, s.opt).Check(t.Context(), Strict, s.path(), Shown{}, pkitest.Now())
	wantVerdict(t, unknown, err, "revoked")
}

// TestDeltaServerAway: the complete list is valid by itself.
func TestDeltaServerAway(t *testing.T) {
	s := newScene(t, withCRL)
	s.web.serve(crlURL, s.deltaOf(t, 5, -1, freshest(deltaURL)).Raw)
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "good")
}

func TestParsePoints(t *testing.T) {
	whole := freshest(deltaURL, crlURL).Value
	if urls := parsePoints(whole); len(urls) != 2 || urls[0] != deltaURL || urls[1] != crlURL {
		t.Errorf("%q", urls)
	}
	for i := range whole {
		if urls := parsePoints(whole[:i]); len(urls) != 0 {
			t.Errorf("%d octets name %q", i, urls)
		}
	}
	reasons := []byte{0x30, 12, 0x30, 10, 0xa0, 5, 0xa0, 3, 0x86, 1, 'x', 0x81, 1, 0}
	if urls := parsePoints(reasons); len(urls) != 0 {
		t.Errorf("a point for some reasons names %q", urls)
	}
}

func FuzzPoints(f *testing.F) {
	f.Add(freshest(deltaURL, crlURL).Value)
	f.Fuzz(func(t *testing.T, der []byte) { parsePoints(der) })
}
