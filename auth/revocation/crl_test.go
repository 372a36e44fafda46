package revocation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/auth/internal/pkitest"
)

// TestForeignList reads a list of openssl.
func TestForeignList(t *testing.T) {
	crl, err := x509.ParseRevocationList(read(t, "ca.crl.pem"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, revoked := range map[string]bool{"good": false, "bad": true} {
		q := query{cert: foreign(t, name), issuer: foreign(t, "ca"), now: now}
		s, err := q.lookup(crl, nil)
		if err != nil || !s.known || s.revoked != revoked || revoked && s.reason != 1 {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestLists(t *testing.T) {
	hour, week := time.Hour, 7*24*time.Hour
	for _, tt := range []struct {
		name string
		list func(*testing.T, *scene) *x509.RevocationList
		want string
		word string
	}{
		{"valid", func(t *testing.T, s *scene) *x509.RevocationList { return s.list(t) }, "good", ""},
		{"names it", func(t *testing.T, s *scene) *x509.RevocationList { return s.list(t, s.leaf) }, "revoked", ""},
		{"names others", func(t *testing.T, s *scene) *x509.RevocationList {
			return s.list(t, s.root.Issue(t, "other", pkitest.NewKey(t).Public()))
		}, "good", ""},
		{"of another issuer", func(t *testing.T, s *scene) *x509.RevocationList {
			return newScene(t).root.Subordinate(t, "sub").CRL(t, 1, pkitest.Now(), pkitest.Now().Add(week))
		}, "unknown", "another issuer"},
		{"by another key", func(t *testing.T, s *scene) *x509.RevocationList { return newScene(t).list(t, s.leaf) }, "unknown", "does not match"},
		{"out of date", func(t *testing.T, s *scene) *x509.RevocationList {
			return s.root.CRL(t, 1, pkitest.Now().Add(-week), pkitest.Now().Add(-hour))
		}, "unknown", "valid until 2026-06-01T11:00:00Z only"},
		{"of tomorrow", func(t *testing.T, s *scene) *x509.RevocationList {
			return s.root.CRL(t, 1, pkitest.Now().Add(24*hour), pkitest.Now().Add(week))
		}, "unknown", "valid from 2026-06-02T12:00:00Z only"},
		{"a clock that is ahead a little", func(t *testing.T, s *scene) *x509.RevocationList {
			return s.root.CRL(t, 1, pkitest.Now().Add(skew), pkitest.Now().Add(week))
		}, "good", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, withCRL)
			crl := tt.list(t, s)
			s.web.serve(crlURL, crl.Raw)
			unknown, err := s.ask(t, Strict)
			wantVerdict(t, unknown, err, tt.want, tt.word)
		})
	}
}

// TestConfiguredListOutOfDate: it proves a revocation, and nothing else.
func TestConfiguredListOutOfDate(t *testing.T) {
	s := newScene(t)
	old := func(revoked ...*x509.Certificate) []*x509.RevocationList {
		return []*x509.RevocationList{s.root.CRL(t, 1, pkitest.Now().AddDate(0, -2, 0), pkitest.Now().AddDate(0, -1, 0), revoked...)}
	}
	s.opt.CRLs = old()
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "unknown", "configured revocation list", "valid until")
	s.opt.CRLs = old(s.leaf)
	unknown, err = s.ask(t, IfAvailable)
	wantVerdict(t, unknown, err, "revoked")
	s.opt.CRLs = append(old(), s.list(t))
	unknown, err = s.ask(t, Strict)
	wantVerdict(t, unknown, err, "good")
	s.opt.CRLs = []*x509.RevocationList{newScene(t).list(t, s.leaf)}
	unknown, err = s.ask(t, Strict)
	wantVerdict(t, unknown, err, "unknown", "does not match")
}

func TestListWithoutEnd(t *testing.T) {
	s := newScene(t)
	crl := s.list(t)
	crl.NextUpdate = time.Time{}
	q := query{cert: s.leaf, issuer: s.root.Cert, now: pkitest.Now()}
	if answer, err := q.lookup(crl, nil); err == nil {
		t.Errorf("%+v", answer)
	}
}

// TestListExtensions: what changes the meaning of a list must be understood (RFC 5280, Sections 5.2 and 5.3).
func TestListExtensions(t *testing.T) {
	point := func(fields ...func(*cryptobyte.Builder)) pkix.Extension {
		var b cryptobyte.Builder
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, f := range fields {
				f(b)
			}
		})
		return pkix.Extension{Id: oidIssuingDistributionPoint(), Critical: true, Value: b.BytesOrPanic()}
	}
	flag := func(n uint8, value byte) func(*cryptobyte.Builder) {
		return func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.Tag(n).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddUint8(value) })
		}
	}
	named := func(urls ...string) func(*cryptobyte.Builder) {
		return func(b *cryptobyte.Builder) {
			nest(b, func(b *cryptobyte.Builder) {
				for _, u := range urls {
					b.AddASN1(casn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(u)) })
				}
			}, casn1.Tag(0).ContextSpecific().Constructed(), casn1.Tag(0).ContextSpecific().Constructed())
		}
	}
	other := func(id ...int) pkix.Extension {
		return pkix.Extension{Id: asn1.ObjectIdentifier(id), Critical: true, Value: []byte{2, 1, 1}}
	}
	for _, tt := range []struct {
		name      string
		extension pkix.Extension
		want      string
		word      string
	}{
		{"its distribution point", point(named("http://other/", crlURL)), "good", ""},
		{"another distribution point", point(named("http://other/")), "unknown", "another distribution point"},
		{"a distribution point without URI", point(named()), "unknown", "another distribution point"},
		{"user certificates", point(flag(1, 0xff)), "good", ""},
		{"CA certificates", point(flag(2, 0xff)), "unknown", "another kind"},
		{"not CA certificates", point(flag(2, 0)), "good", ""},
		{"some reasons", point(flag(3, 1)), "unknown", "some reasons"},
		{"indirect", point(flag(4, 0xff)), "unknown", "indirect"},
		{"attribute certificates", point(flag(5, 0xff)), "unknown", "attribute"},
		{"unknown field", point(flag(9, 0)), "unknown", "some reasons"},
		{"malformed", pkix.Extension{Id: oidIssuingDistributionPoint(), Value: []byte{0x30, 5}}, "unknown", "malformed"},
		{"malformed field", pkix.Extension{Id: oidIssuingDistributionPoint(), Value: []byte{0x30, 2, 0x81, 5}}, "unknown", "malformed"},
		{"malformed name", pkix.Extension{Id: oidIssuingDistributionPoint(), Value: []byte{0x30, 4, 0xa0, 2, 0xa0, 5}}, "unknown", "malformed"},
		{"malformed names", pkix.Extension{Id: oidIssuingDistributionPoint(), Value: []byte{0x30, 6, 0xa0, 4, 0xa0, 2, 0x86, 5}}, "unknown", "malformed"},
		{"delta list", other(2, 5, 29, 27), "unknown", "it is a delta list"},
		{"unknown critical", other(1, 2, 3), "unknown", "critical extension 1.2.3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t, withCRL)
			template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: pkitest.Now(), NextUpdate: pkitest.Now().AddDate(0, 0, 7),
				ExtraExtensions: []pkix.Extension{tt.extension}}
			s.web.serve(crlURL, pkitest.Reparse(t, template, s.root).Raw)
			unknown, err := s.ask(t, Strict)
			wantVerdict(t, unknown, err, tt.want, tt.word)
		})
	}
	if s, err := parsePoint(point(flag(1, 0xff)).Value); err != nil || !s.onlyUsers {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestUserListForAuthority: a list of user certificates says nothing about a CA.
func TestUserListForAuthority(t *testing.T) {
	s := newScene(t)
	sub := s.root.Subordinate(t, "sub", withCRL)
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: pkitest.Now(), NextUpdate: pkitest.Now().AddDate(0, 0, 7),
		ExtraExtensions: []pkix.Extension{{Id: oidIssuingDistributionPoint(), Critical: true, Value: []byte{0x30, 3, 0x81, 1, 0xff}}}}
	q := query{cert: sub.Cert, issuer: s.root.Cert, now: pkitest.Now()}
	if answer, err := q.lookup(pkitest.Reparse(t, template, s.root), nil); err == nil {
		t.Errorf("%+v", answer)
	}
}

// TestCriticalEntry: an entry for a certificate of another issuer makes the list one that is not understood.
func TestCriticalEntry(t *testing.T) {
	s := newScene(t, withCRL)
	crl := s.list(t, s.leaf)
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: crl.ThisUpdate, NextUpdate: crl.NextUpdate,
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: s.leaf.SerialNumber, RevocationTime: crl.ThisUpdate,
			ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}}}}
	s.web.serve(crlURL, pkitest.Reparse(t, template, s.root).Raw)
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "unknown", "entry with a critical extension")
}

// TestListInPEM: what some servers have at the address of a list.
func TestListInPEM(t *testing.T) {
	s := newScene(t, withCRL)
	s.web.serve(crlURL, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: s.list(t, s.leaf).Raw}))
	unknown, err := s.ask(t, Strict)
	wantVerdict(t, unknown, err, "revoked")
}

func TestListIsNoList(t *testing.T) {
	for what, doc := range map[string][]byte{"nothing": {}, "HTML": []byte("<html>"), "a certificate": foreign(t, "ca").Raw} {
		s := newScene(t, withCRL)
		s.web.serve(crlURL, doc)
		if unknown, err := s.ask(t, Strict); verdict(unknown, err) != "unknown" {
			t.Errorf("%s: %v, %v", what, unknown, err)
		}
	}
}

func FuzzScope(f *testing.F) {
	f.Add([]byte{0x30, 8, 0xa0, 6, 0xa0, 4, 0x86, 2, 'a', 'b'})
	f.Add([]byte{0x30, 3, 0x81, 1, 0xff})
	f.Fuzz(func(t *testing.T, der []byte) {
		s, err := parsePoint(der)
		if err != nil && (s.named || s.partial || s.urls != nil) {
			t.Fatalf("%+v with %v", s, err)
		}
	})
}

// FuzzList: a list that somebody makes up says nothing.
func FuzzList(f *testing.F) {
	q := query{cert: foreign(f, "good"), issuer: foreign(f, "ca"), now: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	genuine := read(f, "ca.crl.pem")
	f.Add(genuine)
	f.Fuzz(func(t *testing.T, der []byte) {
		crl, err := x509.ParseRevocationList(der)
		if err != nil {
			return
		}
		if s, err := q.lookup(crl, crl); err == nil && (s.revoked || string(crl.RawTBSRevocationList) != string(mustTBS(genuine))) {
			t.Fatalf("%+v", s)
		}
	})
}

func mustTBS(der []byte) []byte {
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		panic(err)
	}
	return crl.RawTBSRevocationList
}
