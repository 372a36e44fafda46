package dn

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte/asn1"
)

func mustParse(t testing.TB, s string) []byte {
	t.Helper()
	der, err := Parse(s)
	if err != nil {
		t.Fatalf("Parse(%q): %v", s, err)
	}
	return der
}

func fromHex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// one returns a name of one CN of a string type.
func one(tag asn1.Tag, value string) []byte {
	return name{{{"\x55\x04\x03", tag, []byte(value)}}}.encode()
}

// TestForeign holds names that strongSwan's pki 5.9.8 (PrintableString) and openssl 3.0 (UTF8String) have encoded.
func TestForeign(t *testing.T) {
	for _, tt := range []struct{ by, der, text string }{
		{"pki --dn 'C=CH, O=strongSwan, CN=moon'", "3031310b3009060355040613024348311330110603550" +
			"40a130a7374726f6e675377616e310d300b060355040313046d6f6f6e", "C=CH, O=strongSwan, CN=moon"},
		{"openssl req -subj /C=CH/O=strongSwan/CN=moon", "3031310b30090603550406130243483113301106" +
			"0355040a0c0a7374726f6e675377616e310d300b06035504030c046d6f6f6e", "C=CH, O=strongSwan, CN=moon"},
	} {
		der := fromHex(t, tt.der)
		if got := Format(der); got != tt.text {
			t.Errorf("%s: %s, want %s", tt.by, got, tt.text)
		}
		if !Match(mustParse(t, tt.text), der) {
			t.Errorf("%s does not match its text", tt.by)
		}
	}
	pki := fromHex(t, "3031310b300906035504061302434831133011060355040a130a7374726f6e675377616e310d300b060355040313046d6f6f6e")
	if got := mustParse(t, "C=CH, O=strongSwan, CN=moon"); !bytes.Equal(got, pki) {
		t.Errorf("encoded\n%x, pki has\n%x", got, pki)
	}
}

func TestParseForms(t *testing.T) {
	want := "C=CH, O=Example\\, Inc., CN=gw"
	for name, s := range map[string]string{
		"comma":           `C=CH, O=Example\, Inc., CN=gw`,
		"no space":        `C=CH,O=Example\, Inc.,CN=gw`,
		"semicolon":       `C=CH; O=Example\, Inc.; CN=gw`,
		"slash":           `/C=CH/O=Example, Inc./CN=gw`,
		"quoted":          `C=CH, O="Example, Inc." , CN=gw`,
		"hex escape":      `C=CH, O=Example\2C Inc., CN=gw`,
		"lower case type": `c=CH, o=Example\, Inc., cn=gw`,
		"long type":       `countryName=CH, organizationName=Example\, Inc., commonName=gw`,
		"number":          `2.5.4.6=CH, OID.2.5.4.10=Example\, Inc., 2.5.4.3=gw`,
		"hex value":       `C=#13024348, O=Example\, Inc., CN=#0c026777`,
		"spaces":          `  C =  CH  ,  O =  Example\, Inc.  ,  CN =  gw  `,
	} {
		if got := Format(mustParse(t, s)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestParseStringTypes(t *testing.T) {
	for s, want := range map[string]asn1.Tag{
		"CN=gw":              asn1.PrintableString,
		"CN=*":               asn1.UTF8String,
		"CN=Zürich":          asn1.UTF8String,
		"CN=a_b":             asn1.UTF8String,
		"DC=example":         asn1.IA5String,
		"E=carol@example.ch": asn1.IA5String,
		"E=zoë@example.ch":   asn1.UTF8String,
	} {
		n, err := decode(mustParse(t, s))
		if err != nil || n[0][0].tag != want {
			t.Errorf("%s: type %d, want %d (%v)", s, n[0][0].tag, want, err)
		}
	}
}

func TestParseMultiValued(t *testing.T) {
	der := mustParse(t, "C=CH, CN=gw + UID=7 + O=a+b")
	if got, want := Format(der), `C=CH, CN=gw + O=a\+b + UID=7`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !Match(mustParse(t, "C=CH, UID=7 + O=A\\+B + CN=GW"), der) {
		t.Error("the order within a set matters")
	}
	if Match(mustParse(t, "C=CH, CN=gw, UID=7, O=a\\+b"), der) {
		t.Error("a set equals a sequence")
	}
}

func TestParseErrors(t *testing.T) {
	for s, want := range map[string]string{
		"":               "type=value expected",
		"gw":             "type=value expected",
		"C=CH,":          "type=value expected",
		"C=CH, gw":       "type=value expected",
		"XX=1":           `"XX" is no attribute type`,
		"9.9.9=1":        "no attribute type",
		"1.2.3.x=1":      "no attribute type",
		`CN="gw`:         "closing quote",
		`CN="gw"x`:       "after the closing quote",
		`CN=gw\`:         "backslash at the end",
		`CN=\ff`:         "not UTF-8",
		"CN=#1":          "odd length",
		"CN=#0c0267":     "no DER value",
		"CN=#0c01670000": "no DER value",
	} {
		if _, err := Parse(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want %q", s, err, want)
		}
	}
}

func TestFormatEscapes(t *testing.T) {
	for value, want := range map[string]string{
		"a,b+c\"d\\e<f>g;h": `CN=a\,b\+c\"d\\e\<f\>g\;h`,
		"#1":                `CN=\#1`,
		" x ":               `CN=\ x\ `,
		" ":                 `CN=\ `,
		"a\n\x1b[31m":       `CN=a\0A\1B[31m`,
		"\u202egw":          `CN=\E2\80\AEgw`,
		"x\x00.evil":        `CN=x\00.evil`,
		"":                  "CN=",
		"Zürich":            "CN=Zürich",
	} {
		der := one(asn1.UTF8String, value)
		got := Format(der)
		if got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
		if back := mustParse(t, got); !bytes.Equal(Canonical(back), Canonical(der)) {
			t.Errorf("%q: %s is read as %x", value, got, back)
		}
	}
}

func TestFormatOddities(t *testing.T) {
	for what, tt := range map[string]struct {
		der  []byte
		want string
	}{
		"not DER":            {[]byte{1, 2, 3}, "#010203"},
		"no octets":          {nil, "#"},
		"empty name":         {[]byte{0x30, 0}, ""},
		"integer value":      {one(asn1.INTEGER, "\x05"), "CN=#020105"},
		"bad UTF-8":          {one(asn1.UTF8String, "\xff"), "CN=#0c01ff"},
		"odd BMPString":      {one(tagBMPString, "abc"), "CN=#1e03616263"},
		"odd Universal":      {one(tagUniversalString, "abc"), "CN=#1c03616263"},
		"huge type":          {name{{{"\xff\xff\xff\xff\xff\x01", asn1.UTF8String, []byte("x")}}}.encode(), "#300f310d300b0606ffffffffff010c0178"},
		"type without name":  {mustParse(t, "1.2.3.4=x"), "1.2.3.4=x"},
		"T61String":          {one(asn1.T61String, "Z\xfcrich"), "CN=Zürich"},
		"BMPString":          {one(tagBMPString, "\x00Z\x00\xfc"), "CN=Zü"},
		"UniversalString":    {one(tagUniversalString, "\x00\x00\x00Z\x00\x01\xf6\x00"), "CN=Z😀"},
		"surrogate, invalid": {one(tagUniversalString, "\x00\x00\xd8\x00"), "CN=\ufffd"},
	} {
		if got := Format(tt.der); got != tt.want {
			t.Errorf("%s: %q, want %q", what, got, tt.want)
		}
	}
}

// TestEqual is RFC 5280, Section 7.1: string types, case and surplus space do not tell names apart, everything else does.
func TestEqual(t *testing.T) {
	base := one(asn1.PrintableString, "My Gateway")
	for what, tt := range map[string]struct {
		der  []byte
		want bool
	}{
		"UTF8String":      {one(asn1.UTF8String, "My Gateway"), true},
		"BMPString":       {one(tagBMPString, "\x00M\x00y\x00 \x00G\x00a\x00t\x00e\x00w\x00a\x00y"), true},
		"T61String":       {one(asn1.T61String, "My Gateway"), true},
		"case":            {one(asn1.PrintableString, "MY gateWAY"), true},
		"space":           {one(asn1.PrintableString, "  My   Gateway "), true},
		"no space":        {one(asn1.PrintableString, "MyGateway"), false},
		"another value":   {one(asn1.PrintableString, "My Gatewax"), false},
		"another type":    {mustParse(t, "OU=My Gateway"), false},
		"one more":        {mustParse(t, "CN=My Gateway, CN=My Gateway"), false},
		"an octet string": {one(asn1.OCTET_STRING, "My Gateway"), false},
		"not DER":         {[]byte("My Gateway"), false},
		"trailing octet":  {append(one(asn1.PrintableString, "My Gateway"), 0), false},
	} {
		if got := Match(base, tt.der); got != tt.want {
			t.Errorf("%s: match %v, want %v", what, got, tt.want)
		}
		if got := bytes.Equal(Canonical(base), Canonical(tt.der)); got != tt.want {
			t.Errorf("%s: canonical forms equal: %v, want %v", what, got, tt.want)
		}
	}
	if Match(mustParse(t, "C=CH, O=x"), mustParse(t, "O=x, C=CH")) {
		t.Error("the order of relative distinguished names does not matter")
	}
	if !Match([]byte{1}, []byte{1}) {
		t.Error("equal octets that are no DER do not match")
	}
}

func TestWildcard(t *testing.T) {
	for _, tt := range []struct {
		pattern, der string
		want         bool
	}{
		{"C=CH, O=x, CN=*", "C=CH, O=X, CN=gw", true},
		{"C=*, O=*, CN=*", "C=CH, O=x, CN=gw", true},
		{"C=CH, O=x, CN=*", "C=CH, O=y, CN=gw", false},
		{"C=CH, CN=*", "C=CH, O=x, CN=gw", false},
		{"C=CH, O=x, CN=*", "C=CH, O=x", false},
		{"CN=*", "OU=gw", false},
		{"CN=g*", "CN=gw", false},
		{"CN=* + UID=7", "UID=7 + CN=gw", true},
	} {
		if got := Match(mustParse(t, tt.pattern), mustParse(t, tt.der)); got != tt.want {
			t.Errorf("%s, %s: %v, want %v", tt.pattern, tt.der, got, tt.want)
		}
	}
	if HasWildcard(mustParse(t, "CN=g*")) || HasWildcard([]byte{1}) || !HasWildcard(mustParse(t, "C=CH, CN=*")) {
		t.Error("HasWildcard errs")
	}
	if Match(mustParse(t, "CN=gw"), mustParse(t, "CN=*")) {
		t.Error("a peer's asterisk is a wildcard")
	}
	if !Match(mustParse(t, "CN=*"), one(asn1.OCTET_STRING, "x")) {
		t.Error("a wildcard does not match a value that is no string")
	}
}

func TestTruncated(t *testing.T) {
	der := mustParse(t, "C=CH, O=Example + OU=a, CN=gw")
	for i := range der {
		if _, err := decode(der[:i]); err == nil {
			t.Errorf("%d of %d octets decode", i, len(der))
		}
		Match(der, der[:i])
		Format(der[:i])
	}
}

func TestEmptySetsAndPairs(t *testing.T) {
	for what, s := range map[string]string{
		"empty set":          "30023100",
		"no attribute":       "300431023000",
		"type only":          "300931073005" + "0603550403",
		"empty type":         "30093107300506000c0178",
		"third element":      "300e310c300a06035504030c01780c00",
		"high tag":           "300c310a3008060355040" + "31f010178",
		"value is truncated": "300a3108300606035504030c",
	} {
		if _, err := decode(fromHex(t, s)); err == nil {
			t.Errorf("%s decodes", what)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"C=CH, O=x, CN=*", "CN=a + UID=b", "DC=example, DC=org"} {
		der, _ := Parse(s)
		f.Add(der)
	}
	f.Add(one(tagBMPString, "\x00a\xd8\x00"))
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		text := Format(der)
		for _, r := range text {
			if r < ' ' || r == 0x7f {
				t.Fatalf("%q holds a control character", text)
			}
		}
		if !Match(der, der) {
			t.Fatal("a name does not match itself")
		}
		canonical := Canonical(der)
		if !bytes.Equal(canonical, Canonical(canonical)) {
			t.Fatal("the canonical form is not stable")
		}
		back, err := Parse(text)
		if err == nil && !bytes.Equal(Canonical(back), canonical) {
			t.Fatalf("%q: read back as %q", text, Format(back))
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`C=CH, O="a, b", CN=\2C`, "/C=CH/CN=x", "CN=#13024348", "CN=a+UID=b; 1.2.3=4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		der, err := Parse(s)
		if err != nil {
			return
		}
		if back := mustParse(t, Format(der)); !bytes.Equal(Canonical(back), Canonical(der)) {
			t.Fatalf("%q prints as %q, which is read as %q", s, Format(der), Format(back))
		}
	})
}
