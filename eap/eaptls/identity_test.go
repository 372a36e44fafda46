package eaptls_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"culvert/eap/eaptls"
	"culvert/eap/internal/tlslab"
)

// principal is a subjectAltName extension with the user principal name carol@corp.example, as Windows' authorities write it.
func principal(t *testing.T) pkix.Extension {
	t.Helper()
	name, err := asn1.MarshalWithParams("carol@corp.example", "utf8")
	if err != nil {
		t.Fatal(err)
	}
	oid, err := asn1.Marshal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3})
	if err != nil {
		t.Fatal(err)
	}
	wrap := func(tag int, content []byte) []byte {
		b, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: content})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	names, err := asn1.Marshal([]asn1.RawValue{{FullBytes: wrap(0, append(oid, wrap(0, name)...))}})
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: names}
}

func TestIdentityIsOneOfTheCertificatesNames(t *testing.T) {
	ca := tlslab.NewAuthority(t, "Test CA")
	full := x509.Certificate{Subject: pkix.Name{CommonName: "Alice", Organization: []string{"Example"}},
		EmailAddresses: []string{"alice@example.org"}, DNSNames: []string{"laptop.example.org"}}
	tests := []struct {
		name          string
		template      x509.Certificate
		claimed, want string
	}{
		{"a claimed mail address", full, "Alice@Example.org", "alice@example.org"},
		{"a claimed domain name", full, "laptop.example.org", "laptop.example.org"},
		{"a claimed common name", full, "alice", "Alice"},
		{"a claimed subject", full, "CN=Alice,O=Example", "CN=Alice,O=Example"},
		{"somebody else's", full, "bob@example.org", "alice@example.org"},
		{"an anonymous one", full, "@example.org", "alice@example.org"},
		{"a user principal name", x509.Certificate{ExtraExtensions: []pkix.Extension{principal(t)}}, "", "carol@corp.example"},
		{"a subject only", x509.Certificate{Subject: pkix.Name{Organization: []string{"Example"}}}, "", "O=Example"},
		{"no name, none claimed", x509.Certificate{}, "", ""},
		{"no name, one claimed", x509.Certificate{}, "alice@example.org", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := eaptls.Identity(ca.Issue(tt.template).Leaf, tt.claimed); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
