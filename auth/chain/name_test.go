package chain

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"net/url"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"culvert/auth/dn"
	"culvert/auth/internal/pkitest"
)

func mustDN(t testing.TB, text string) string {
	t.Helper()
	der, err := dn.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(der)
}

// name makes a generalName for a test.
func name(f form, value string) generalName { return generalName{f, value} }

// addName appends a GeneralName.
func addName(b *cryptobyte.Builder, n generalName) {
	tag := casn1.Tag(n.form).ContextSpecific()
	if n.form == formDirectory {
		tag = tag.Constructed()
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(n.value)) })
}

// constrain makes a nameConstraints extension.
func constrain(permitted, excluded []generalName) func(*x509.Certificate) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for i, list := range [][]generalName{permitted, excluded} {
			if len(list) == 0 {
				continue
			}
			b.AddASN1(casn1.Tag(i).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				for _, n := range list {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { addName(b, n) })
				}
			})
		}
	})
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidNameConstraints(), Critical: true, Value: b.BytesOrPanic()})
	}
}

// alternatives makes a subjectAltName extension.
func alternatives(names ...generalName) func(*x509.Certificate) {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, n := range names {
			addName(b, n)
		}
	})
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidSubjectAltName(), Value: b.BytesOrPanic()})
	}
}

func TestNameConstraints(t *testing.T) {
	four := func(s string) string { return string(net.ParseIP(s).To4()) }
	six := func(s string) string { return string(net.ParseIP(s).To16()) }
	org := mustDN(t, "C=CH, O=Culvert")
	for _, tt := range []struct {
		name                string
		permitted, excluded []generalName
		subject             string
		has                 []generalName
		ok                  bool
	}{
		{"domain itself", []generalName{name(formDNS, "example.org")}, nil, "", []generalName{name(formDNS, "example.org")}, true},
		{"below, another case", []generalName{name(formDNS, "Example.org")}, nil, "", []generalName{name(formDNS, "GW.example.ORG")}, true},
		{"beside", []generalName{name(formDNS, "example.org")}, nil, "", []generalName{name(formDNS, "badexample.org")}, false},
		{"above", []generalName{name(formDNS, "gw.example.org")}, nil, "", []generalName{name(formDNS, "example.org")}, false},
		{"one of two names", []generalName{name(formDNS, "example.org")}, nil, "", []generalName{name(formDNS, "gw.example.org"), name(formDNS, "evil.com")}, false},
		{"another form is free", []generalName{name(formDNS, "example.org")}, nil, "", []generalName{name(formEmail, "bob@evil.com")}, true},
		{"empty base permits all", []generalName{name(formDNS, "")}, nil, "", []generalName{name(formDNS, "gw.example.org")}, true},
		{"empty base excludes all", nil, []generalName{name(formDNS, "")}, "", []generalName{name(formDNS, "gw.example.org")}, false},
		{"only below a leading period", []generalName{name(formDNS, ".example.org")}, nil, "", []generalName{name(formDNS, "gw.example.org")}, true},
		{"excluded below", nil, []generalName{name(formDNS, "secret.example.org")}, "", []generalName{name(formDNS, "a.secret.example.org")}, false},
		{"excluded in capitals", nil, []generalName{name(formDNS, "secret.example.org")}, "", []generalName{name(formDNS, "A.SECRET.example.org")}, false},
		{"excluded, hidden by a period", nil, []generalName{name(formDNS, "example.org")}, "", []generalName{name(formDNS, "gw.example.org.")}, false},
		{"excluded, hidden by a wildcard", nil, []generalName{name(formDNS, "secret.example.org")}, "", []generalName{name(formDNS, "*.example.org")}, false},
		{"a wildcard that cannot reach", nil, []generalName{name(formDNS, "a.secret.example.org")}, "", []generalName{name(formDNS, "*.example.org")}, true},
		{"a wildcard wider than permitted", []generalName{name(formDNS, "gw.example.org")}, nil, "", []generalName{name(formDNS, "*.example.org")}, false},
		{"a name that is none", []generalName{name(formDNS, "example.org")}, nil, "", []generalName{name(formDNS, "evil com.example.org")}, false},
		{"mailbox", []generalName{name(formEmail, "bob@example.org")}, nil, "", []generalName{name(formEmail, "bob@Example.org")}, true},
		{"another mailbox", []generalName{name(formEmail, "bob@example.org")}, nil, "", []generalName{name(formEmail, "eve@example.org")}, false},
		{"host", []generalName{name(formEmail, "example.org")}, nil, "", []generalName{name(formEmail, "bob@example.org")}, true},
		{"host below", []generalName{name(formEmail, "example.org")}, nil, "", []generalName{name(formEmail, "bob@mail.example.org")}, false},
		{"domain", []generalName{name(formEmail, ".example.org")}, nil, "", []generalName{name(formEmail, "bob@mail.example.org")}, true},
		{"mailbox excluded in capitals", nil, []generalName{name(formEmail, "bob@example.org")}, "", []generalName{name(formEmail, "BOB@example.org")}, false},
		{"two at signs", []generalName{name(formEmail, "example.org")}, nil, "", []generalName{name(formEmail, "bob@evil.com@example.org")}, false},
		{"quoted", nil, []generalName{name(formEmail, "example.org")}, "", []generalName{name(formEmail, `"bob@x"@example.org`)}, false},
		{"host excluded, hosts below too", nil, []generalName{name(formEmail, "example.org")}, "", []generalName{name(formEmail, "bob@mail.example.org")}, false},
		{"in the subject", []generalName{name(formEmail, "example.org")}, nil, "C=CH, O=Culvert, E=bob@evil.com", nil, false},
		{"in the subject, permitted", []generalName{name(formEmail, "example.org")}, nil, "C=CH, O=Culvert, E=bob@example.org", nil, true},
		{"address", []generalName{name(formIP, four("10.0.0.0")+four("255.0.0.0"))}, nil, "", []generalName{name(formIP, four("10.1.2.3"))}, true},
		{"another address", []generalName{name(formIP, four("10.0.0.0")+four("255.0.0.0"))}, nil, "", []generalName{name(formIP, four("11.1.2.3"))}, false},
		{"IPv6 where IPv4 is permitted", []generalName{name(formIP, four("10.0.0.0")+four("255.0.0.0"))}, nil, "", []generalName{name(formIP, six("fd00::1"))}, false},
		{"IPv4 in IPv6 clothes", nil, []generalName{name(formIP, four("10.0.0.0")+four("255.0.0.0"))}, "", []generalName{name(formIP, six("::ffff:10.1.2.3"))}, false},
		{"IPv6", []generalName{name(formIP, six("fd00::")+six("ff00::"))}, nil, "", []generalName{name(formIP, six("fd12::1"))}, true},
		{"URI", []generalName{name(formURI, ".example.org")}, nil, "", []generalName{name(formURI, "https://gw.example.org:443/x")}, true},
		{"URI of another host", []generalName{name(formURI, "example.org")}, nil, "", []generalName{name(formURI, "https://gw.example.org/")}, false},
		{"URI with an address", nil, []generalName{name(formURI, "example.org")}, "", []generalName{name(formURI, "https://10.1.2.3/")}, false},
		{"URI without a host", nil, []generalName{name(formURI, "example.org")}, "", []generalName{name(formURI, "urn:x")}, false},
		{"directory", []generalName{name(formDirectory, org)}, nil, "C=CH, O=Culvert, CN=gw", nil, true},
		{"directory, another case and spaces", []generalName{name(formDirectory, org)}, nil, "C=ch, O=CULVERT , CN=gw", nil, true},
		{"another directory", []generalName{name(formDirectory, org)}, nil, "C=CH, O=Evil, CN=gw", nil, false},
		{"directory as alternative", []generalName{name(formDirectory, org)}, nil, "C=CH, O=Culvert, CN=gw", []generalName{name(formDirectory, mustDN(t, "C=CH, O=Evil"))}, false},
		{"directory excluded", nil, []generalName{name(formDirectory, org)}, "C=CH, O=culvert, CN=gw", nil, false},
		{"a form that is not understood", []generalName{name(8, "\x2a\x03")}, nil, "", []generalName{name(8, "\x2a\x03")}, false},
		{"a constraint that is not understood, without names", []generalName{name(8, "\x2a\x03")}, nil, "", []generalName{name(formDNS, "gw.example.org")}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := pkitest.NewAuthority(t, "root")
			sub := root.Subordinate(t, "sub", constrain(tt.permitted, tt.excluded))
			changes := []func(*x509.Certificate){func(c *x509.Certificate) {
				if c.Subject = (pkix.Name{}); tt.subject != "" {
					c.RawSubject = []byte(mustDN(t, tt.subject))
				}
			}}
			if len(tt.has) > 0 {
				changes = append(changes, alternatives(tt.has...))
			}
			leaf := sub.Issue(t, "", pkitest.NewKey(t).Public(), changes...)
			_, err := Verify(leaf, options(pkitest.Now(), root.Cert, sub.Cert))
			if tt.ok && err != nil {
				t.Error(err)
			}
			if !tt.ok {
				wantKind(t, err, Constraint, `name constraints of "CN=sub"`)
			}
		})
	}
}

// TestConstraintsReachDown: the constraints of a CA hold for every certificate below it, CAs included, but for those that a
// CA issues to itself.
func TestConstraintsReachDown(t *testing.T) {
	root := pkitest.NewAuthority(t, "root", constrain(nil, []generalName{name(formDNS, "evil.com")}))
	sub := root.Subordinate(t, "sub", alternatives(name(formDNS, "ca.evil.com")))
	leaf := sub.Issue(t, "gw", pkitest.NewKey(t).Public())
	_, err := Verify(leaf, options(pkitest.Now(), root.Cert, sub.Cert))
	wantKind(t, err, Constraint, `"CN=sub"`, "ca.evil.com")

	again := &pkitest.Authority{Key: pkitest.NewKey(t)}
	again.Cert = root.Issue(t, "root", again.Key.Public(), func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.DNSNames = true, true, []string{"ca.evil.com"}
	})
	leaf = again.Issue(t, "gw", pkitest.NewKey(t).Public(), func(c *x509.Certificate) { c.AuthorityKeyId = nil })
	leaf.AuthorityKeyId, again.Cert.SubjectKeyId = nil, nil
	if _, err := Verify(leaf, options(pkitest.Now(), root.Cert, again.Cert)); err != nil {
		t.Errorf("a CA that is issued to itself: %v", err)
	}
}

// TestMalformedConstraints: what cannot be read allows nothing.
func TestMalformedConstraints(t *testing.T) {
	whole := pkix.Extension{Id: oidNameConstraints(), Critical: true}
	var template x509.Certificate
	constrain([]generalName{name(formDNS, "example.org")}, nil)(&template)
	good := template.ExtraExtensions[0].Value
	values := [][]byte{{}, {0x30, 0x00, 0x00}, {0x30, 0x02, 0xa2, 0x00}}
	for i := range good {
		values = append(values, good[:i])
	}
	root := pkitest.NewAuthority(t, "root")
	leaf := root.Issue(t, "gw", pkitest.NewKey(t).Public())
	for _, v := range values {
		whole.Value = v
		ca := *root.Cert
		ca.Extensions = []pkix.Extension{whole}
		if err := checkNames([]*x509.Certificate{leaf, &ca}); err == nil {
			t.Errorf("constraints %x count for nothing", v)
		}
	}
	for _, base := range []generalName{name(formIP, "\x0a\x00\x00\x00\xff\x00\xff\x00"), name(formIP, "\x0a"), name(formDNS, "a b"), name(formEmail, "@x"), name(formURI, "")} {
		if base.isSubtree() {
			t.Errorf("%v can be constrained to", base)
		}
	}
}

func TestComparisonsAreBounded(t *testing.T) {
	var bases, names []generalName
	for range 256 {
		bases, names = append(bases, name(formDNS, "example.org")), append(names, name(formDNS, "gw.example.org"))
	}
	root := pkitest.NewAuthority(t, "root", constrain(bases, nil))
	_, err := Verify(root.Issue(t, "gw", pkitest.NewKey(t).Public(), alternatives(names...)), options(pkitest.Now(), root.Cert))
	wantKind(t, err, Constraint, "too many")
}

// TestNamesAsCryptoX509 compares with the standard library: nothing is accepted that it refuses, and what it accepts is, but
// that a host of a mail address or URI is a host and not a domain (RFC 5280, Section 4.2.1.10).
func TestNamesAsCryptoX509(t *testing.T) {
	hosts := []string{"example.org", "gw.example.org", "a.gw.example.org", "EXAMPLE.org", "example.com", "org", "xexample.org"}
	root := pkitest.NewAuthority(t, "root")
	_, network, _ := net.ParseCIDR("10.1.0.0/16")
	pub := pkitest.NewKey(t).Public()
	for _, base := range append(slices.Clone(hosts), ".example.org", "bob@example.org") {
		for _, excluded := range []bool{false, true} {
			sub := root.Subordinate(t, "sub", func(c *x509.Certificate) {
				dns, mail, uri, ip := &c.PermittedDNSDomains, &c.PermittedEmailAddresses, &c.PermittedURIDomains, &c.PermittedIPRanges
				if excluded {
					dns, mail, uri, ip = &c.ExcludedDNSDomains, &c.ExcludedEmailAddresses, &c.ExcludedURIDomains, &c.ExcludedIPRanges
				}
				*mail, *ip = []string{base}, []*net.IPNet{network}
				if base != "bob@example.org" {
					*dns, *uri = []string{base}, []string{base}
				}
			})
			for _, host := range hosts {
				for what, change := range map[string]func(*x509.Certificate){
					"DNS":  func(c *x509.Certificate) { c.DNSNames = []string{host} },
					"mail": func(c *x509.Certificate) { c.EmailAddresses = []string{"bob@" + host} },
					"URI":  func(c *x509.Certificate) { c.URIs = []*url.URL{{Scheme: "https", Host: host}} },
					"IP":   func(c *x509.Certificate) { c.IPAddresses = []net.IP{{10, byte(len(host) % 3), 0, 1}} },
				} {
					leaf := sub.Issue(t, "", pub, func(c *x509.Certificate) { c.Subject = pkix.Name{} }, change)
					pool := func(c *x509.Certificate) *x509.CertPool { p := x509.NewCertPool(); p.AddCert(c); return p }
					_, want := leaf.Verify(x509.VerifyOptions{Roots: pool(root.Cert), Intermediates: pool(sub.Cert), CurrentTime: pkitest.Now()})
					_, got := Verify(leaf, options(pkitest.Now(), root.Cert, sub.Cert))
					exact := what == "mail" || what == "URI"
					if got == nil && want != nil || got != nil && want == nil && !exact {
						t.Errorf("%s %s below %s (excluded: %v): %v, crypto/x509 says %v", what, host, base, excluded, got, want)
					}
				}
			}
		}
	}
}

func FuzzNames(f *testing.F) {
	var template x509.Certificate
	constrain([]generalName{name(formDNS, "example.org")}, []generalName{name(formIP, "\x0a\x00\x00\x00\xff\x00\x00\x00")})(&template)
	alternatives(name(formDNS, "gw.example.org"), name(formIP, "\x0a\x00\x00\x01"))(&template)
	f.Add(template.ExtraExtensions[0].Value, template.ExtraExtensions[1].Value)
	f.Fuzz(func(t *testing.T, limits, names []byte) {
		leaf := &x509.Certificate{Extensions: []pkix.Extension{{Id: oidSubjectAltName(), Value: names}}}
		ca := &x509.Certificate{Extensions: []pkix.Extension{{Id: oidNameConstraints(), Value: limits}}}
		if checkNames([]*x509.Certificate{leaf, ca}) != nil {
			return
		}
		if _, err := asn1.Unmarshal(limits, new(asn1.RawValue)); err != nil {
			t.Errorf("constraints %x are no DER and allow %x: %v", limits, names, err)
		}
	})
}
