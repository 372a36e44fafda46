package lookup

import (
	"bytes"
	"encoding/asn1"
	"testing"

	"culvert/auth/internal/pkitest"
	"culvert/wire"
)

// foreignBundle is a bundle as encoding/asn1 writes it.
func foreignBundle(t testing.TB, elements ...asn1.RawValue) []byte {
	t.Helper()
	der, err := asn1.Marshal(elements)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func choice(tag int, der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: der}
}

func TestBundle(t *testing.T) {
	root := pkitest.NewAuthority(t, "root")
	crl := root.CRL(t, 1, pkitest.Now(), pkitest.Now().AddDate(0, 0, 1))
	list := certs(t, 2)
	whole := foreignBundle(t, choice(0, list[0].Raw), choice(1, crl.Raw), choice(0, list[1].Raw))
	got, err := parseBundle(whole)
	if err != nil || len(got) != 3 || !bytes.Equal(got[0].Data, list[0].Raw) || got[1].Encoding != wire.CertCRL || !bytes.Equal(got[1].Data, crl.Raw) {
		t.Fatalf("%v, %v", got, err)
	}
	for i := range whole {
		if _, err := parseBundle(whole[:i]); err == nil {
			t.Errorf("%d of %d octets are a bundle", i, len(whole))
		}
	}
	if !bytes.Equal(Bundle(list), foreignBundle(t, choice(0, list[0].Raw), choice(0, list[1].Raw))) {
		t.Error("ours is another")
	}
}

func TestBadBundles(t *testing.T) {
	cert := certs(t, 1)[0].Raw
	many := make([]asn1.RawValue, maxBundle+1)
	for i := range many {
		many[i] = choice(0, cert)
	}
	for name, der := range map[string][]byte{
		"empty": {0x30, 0}, "a certificate": cert, "another choice": foreignBundle(t, choice(2, cert)), "too many": foreignBundle(t, many...),
		"two in one": foreignBundle(t, choice(0, append(bytes.Clone(cert), cert...))), "garbage behind": append(Bundle(certs(t, 1)), 0),
	} {
		if got, err := parseBundle(der); err == nil {
			t.Errorf("%s: %d certificates", name, len(got))
		}
	}
}

func FuzzBundle(f *testing.F) {
	f.Add(Bundle(certs(f, 2)))
	f.Add([]byte{0x30, 4, 0xa1, 2, 0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		got, err := parseBundle(der)
		if err == nil && (len(got) == 0 || len(got) > maxBundle) {
			t.Fatalf("%d certificates", len(got))
		}
	})
}
