package suite

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"testing"
)

// The octets of RFC 7427, Appendix A, and RFC 8420, Appendix A, and of draft-ietf-ipsecme-ikev2-pqc-auth, Appendix B.
func TestAlgorithmIDsOfTheRFCs(t *testing.T) {
	tests := map[string]struct {
		scheme Scheme
		salt   int
	}{
		"300d06092a864886f70d01010b0500": {SchemeRSASHA256, 0},
		"300d06092a864886f70d01010c0500": {SchemeRSASHA384, 0},
		"300d06092a864886f70d01010d0500": {SchemeRSASHA512, 0},
		"300a06082a8648ce3d040302":       {SchemeECDSASHA256, 0},
		"300a06082a8648ce3d040303":       {SchemeECDSASHA384, 0},
		"300a06082a8648ce3d040304":       {SchemeECDSASHA512, 0},
		"300506032b6570":                 {SchemeEd25519, 0},
		"300506032b6571":                 {SchemeEd448, 0},
		"300b0609608648016503040311":     {SchemeMLDSA44, 0},
		"300b0609608648016503040312":     {SchemeMLDSA65, 0},
		"300b0609608648016503040313":     {SchemeMLDSA87, 0},
		// with parameters, which ML-DSA has none of, and the pre-hashed kind
		"300d06096086480165030403120500": {},
		"300b0609608648016503040321":     {},
		// RSASSA-PSS with SHA-256, trailer field and all
		"304606092a864886f70d01010a3039a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120a303020101": {SchemePSSSHA256, 32},
		// not to be known: SHA-1, DSA, PSS with empty and with default parameters
		"300d06092a864886f70d0101050500": {},
		"300906072a8648ce380403":         {},
		"300b0609608648016503040302":     {},
		"300906072a8648ce3d0401":         {},
		"300d06092a864886f70d01010a3000": {},
		"303e06092a864886f70d01010a3031a00b300906052b0e03021a0500a118301606092a864886f70d010108300906052b0e03021a0500a203020114a303020101": {},
	}
	for id, want := range tests {
		if s, p := parseAlgorithmID(unhex(t, id)); s != want.scheme || p.salt != want.salt {
			t.Errorf("%s: got %s, salt %d; want %s, %d", id, s, p.salt, want.scheme, want.salt)
		}
	}
}

func TestAlgorithmIDsParseBack(t *testing.T) {
	for _, scheme := range DefaultSchemes() {
		id := scheme.algorithmID()
		if s, _ := parseAlgorithmID(id); s != scheme || len(id) > 255 {
			t.Errorf("%s: %x parses to %s", scheme, id, s)
		}
		for n := range id {
			if s, _ := parseAlgorithmID(id[:n]); s != SchemeNone {
				t.Errorf("%s: %d of %d octets parse to %s", scheme, n, len(id), s)
			}
		}
		if s, _ := parseAlgorithmID(append(id, 0)); s != SchemeNone {
			t.Errorf("%s: with an octet more it parses to %s", scheme, s)
		}
	}
	if id := SchemeRSASHA1.algorithmID(); len(id) > 0 {
		t.Errorf("SHA-1 has %x", id)
	}
}

// pssID encodes parameters of RSASSA-PSS; fields of length 0 are left out.
type pssParams struct {
	Hash    pssAlgorithm `asn1:"explicit,tag:0"`
	Mask    pssMask      `asn1:"explicit,tag:1"`
	Salt    int          `asn1:"explicit,optional,default:20,tag:2"`
	Trailer int          `asn1:"explicit,optional,default:1,tag:3"`
}

type pssAlgorithm struct {
	OID  asn1.ObjectIdentifier
	Null asn1.RawValue `asn1:"optional"`
}

type pssMask struct {
	OID  asn1.ObjectIdentifier
	Hash pssAlgorithm
}

func pssID(t *testing.T, hash, mask asn1.ObjectIdentifier, salt, trailer int) []byte {
	t.Helper()
	id, err := asn1.Marshal(struct {
		OID    asn1.ObjectIdentifier
		Params pssParams
	}{
		asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10},
		pssParams{pssAlgorithm{hash, asn1.NullRawValue}, pssMask{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}, pssAlgorithm{mask, asn1.NullRawValue}}, salt, trailer},
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func hashOID(name string) asn1.ObjectIdentifier {
	last := map[string]int{"SHA-256": 1, "SHA-384": 2, "SHA-512": 3, "SHA-224": 4}[name]
	if last == 0 {
		return asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26} // SHA-1
	}
	return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, last}
}

func TestPSSParameters(t *testing.T) {
	tests := []struct {
		name          string
		hash, mask    string
		salt, trailer int
		want          Scheme
	}{
		{"salt as long as the hash", "SHA-384", "SHA-384", 48, 1, SchemePSSSHA384},
		{"salt of default length", "SHA-512", "SHA-512", 20, 1, SchemePSSSHA512},
		{"salt of 0", "SHA-256", "SHA-256", 0, 1, SchemePSSSHA256},
		{"longest salt for 2048 bits", "SHA-256", "SHA-256", 222, 1, SchemePSSSHA256},
		{"longest salt at all", "SHA-256", "SHA-256", maxSalt, 1, SchemePSSSHA256},
		{"salt too long for any key", "SHA-256", "SHA-256", maxSalt + 1, 1, SchemeNone},
		{"huge salt", "SHA-256", "SHA-256", 1 << 40, 1, SchemeNone},
		{"negative salt", "SHA-256", "SHA-256", -1, 1, SchemeNone},
		{"trailer 2", "SHA-256", "SHA-256", 32, 2, SchemeNone},
		{"mask of another hash", "SHA-256", "SHA-512", 32, 1, SchemePSSSHA256},
		{"mask of SHA-1", "SHA-256", "SHA-1", 32, 1, SchemePSSSHA256},
		{"SHA-1", "SHA-1", "SHA-1", 20, 1, SchemeNone},
		{"mask of SHA-224", "SHA-256", "SHA-224", 32, 1, SchemeNone},
		{"SHA-224", "SHA-224", "SHA-224", 28, 1, SchemeNone},
	}
	for _, tt := range tests {
		s, p := parseAlgorithmID(pssID(t, hashOID(tt.hash), hashOID(tt.mask), tt.salt, tt.trailer))
		if s != tt.want || s != SchemeNone && p.salt != tt.salt {
			t.Errorf("%s: got %s, salt %d; want %s", tt.name, s, p.salt, tt.want)
		}
	}
}

// The parameters with one thing wrong, or right in another way, octet by octet.
func TestPSSParametersInDetail(t *testing.T) {
	const (
		oid  = "06092a864886f70d01010a"
		sha  = "a00f300d06096086480165030402010500"
		bare = "a00d300b0609608648016503040201"
		mgf  = "a11c301a06092a864886f70d010108300d06096086480165030402010500"
		salt = "a203020120"
	)
	sequence := func(parts ...string) []byte {
		inner := unhex(t, join(parts))
		params := append([]byte{0x30, byte(len(inner))}, inner...)
		whole := append(unhex(t, oid), params...)
		return append([]byte{0x30, byte(len(whole))}, whole...)
	}
	tests := []struct {
		name  string
		parts []string
		want  Scheme
	}{
		{"all", []string{sha, mgf, salt}, SchemePSSSHA256},
		{"hash without NULL", []string{bare, mgf, salt}, SchemePSSSHA256},
		{"no salt: 20", []string{sha, mgf}, SchemePSSSHA256},
		{"no hash", []string{mgf, salt}, SchemeNone},
		{"no mask: SHA-1", []string{sha, salt}, SchemePSSSHA256},
		{"another order", []string{mgf, sha, salt}, SchemeNone},
		{"twice", []string{sha, sha, mgf, salt}, SchemeNone},
		{"unknown field", []string{sha, mgf, salt, "a403020101"}, SchemeNone},
		{"salt in two integers", []string{sha, mgf, "a206020120020120"}, SchemeNone},
		{"salt no integer", []string{sha, mgf, "a203040120"}, SchemeNone},
		{"salt of nine octets", []string{sha, mgf, "a20b0209010000000000000020"}, SchemeNone},
		{"salt not minimal", []string{sha, mgf, "a20402020020"}, SchemeNone},
		{"hash with something in place of NULL", []string{"a00f300d06096086480165030402010400", mgf, salt}, SchemeNone},
		{"NULL with content", []string{"a010300e0609608648016503040201050100", mgf, salt}, SchemeNone},
		{"something behind NULL", []string{"a011300f060960864801650304020105000500", mgf, salt}, SchemeNone},
		{"something behind the hash", []string{"a011300d060960864801650304020105000500", mgf, salt}, SchemeNone},
		{"mask no MGF1", []string{sha, "a11c301a06092a864886f70d010109300d06096086480165030402010500", salt}, SchemeNone},
		{"something behind the mask", []string{sha, "a11e301a06092a864886f70d010108300d060960864801650304020105000500", salt}, SchemeNone},
		{"something behind MGF1", []string{sha, "a11e301c06092a864886f70d010108300d060960864801650304020105000500", salt}, SchemeNone},
	}
	for _, tt := range tests {
		if s, _ := parseAlgorithmID(sequence(tt.parts...)); s != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, s, tt.want)
		}
	}
	if s, _ := parseAlgorithmID(append(sequence(sha, mgf, salt), 0x05, 0)); s != SchemeNone {
		t.Errorf("something behind the parameters: got %s", s)
	}
}

func join(parts []string) (s string) {
	for _, p := range parts {
		s += p
	}
	return s
}

func FuzzParseAlgorithmID(f *testing.F) {
	for _, s := range DefaultSchemes() {
		f.Add(s.algorithmID())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, p := parseAlgorithmID(b)
		if s == SchemeNone {
			return
		}
		if p.salt < 0 || p.salt > maxSalt || s == SchemeRSASHA1 {
			t.Errorf("%x: %s with salt of %d", b, s, p.salt)
		}
		if want, _ := hex.DecodeString(idRSASHA256); s == SchemeRSASHA256 && !bytes.HasPrefix(b[1:], want[1:2]) && len(b) != 13 {
			t.Errorf("%x taken for %s", b, s)
		}
	})
}
