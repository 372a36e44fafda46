package dn

import (
	"strings"
	"testing"
)

// TestTypes: each type is read by each of its names and by its number, in any case, and printed by its first name.
func TestTypes(t *testing.T) {
	for _, typ := range attributeTypes() {
		for _, word := range append([]string{typ.oid, "OID." + typ.oid}, typ.names...) {
			for _, cased := range []string{word, strings.ToLower(word), strings.ToUpper(word)} {
				der, err := Parse(cased + "=value")
				if err != nil {
					t.Errorf("%s: %v", cased, err)
				} else if got, want := Format(der), typ.names[0]+"=value"; got != want {
					t.Errorf("%s: printed as %s, want %s", cased, got, want)
				}
			}
		}
	}
}

func TestTypesAreApart(t *testing.T) {
	seen := map[string]string{}
	for _, typ := range attributeTypes() {
		for _, word := range append([]string{typ.oid}, typ.names...) {
			word = strings.ToLower(word)
			if other, twice := seen[word]; twice {
				t.Errorf("%s names %s and %s", word, other, typ.oid)
			}
			seen[word] = typ.oid
		}
	}
}

func TestNumbers(t *testing.T) {
	for dotted, want := range map[string]bool{
		"2.5.4.3": true, "1.2": true, "2.999.2147483647": true, "0.39": true,
		"": false, "1": false, "1.40": false, "3.1": false, "1.2.": false, "1..2": false, "1.-2": false, "1.2.2147483648": false,
		"1.2" + strings.Repeat(".1", 126): true, "1.2" + strings.Repeat(".1", 127): false,
	} {
		contents, ok := encodeOID(dotted)
		if ok != want {
			t.Errorf("%q: %v, want %v", dotted, ok, want)
		}
		if back, readable := decodeOID(contents); ok && (!readable || back != dotted) {
			t.Errorf("%q comes back as %q", dotted, back)
		}
	}
	for _, contents := range []string{"", "\x80\x01", "\x55\x84", "\xff\xff\xff\xff\xff\x01"} {
		if dotted, ok := decodeOID(contents); ok {
			t.Errorf("%x is %s", contents, dotted)
		}
	}
}
