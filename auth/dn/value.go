package dn

import (
	"encoding/binary"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte/asn1"
)

// The string types of DirectoryString and IA5String that cryptobyte has no name for (X.680, Section 8.6).
const (
	tagNumericString   asn1.Tag = 18
	tagUniversalString asn1.Tag = 28
	tagBMPString       asn1.Tag = 30
)

// text returns the value as UTF-8, if it is a string.
func (a attribute) text() (string, bool) {
	switch a.tag {
	case asn1.UTF8String, asn1.PrintableString, asn1.IA5String, tagNumericString:
		return string(a.value), utf8.Valid(a.value)
	case asn1.T61String:
		return latin1(a.value), true
	case tagBMPString:
		return utf16Text(a.value)
	case tagUniversalString:
		return utf32Text(a.value)
	}
	return "", false
}

// latin1 reads a TeletexString as everybody has used it, as ISO 8859-1.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// utf16Text reads a BMPString.
func utf16Text(b []byte) (string, bool) {
	if len(b)%2 != 0 {
		return "", false
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units)), true
}

// utf32Text reads a UniversalString.
func utf32Text(b []byte) (string, bool) {
	if len(b)%4 != 0 {
		return "", false
	}
	runes := make([]rune, len(b)/4)
	for i := range runes {
		runes[i] = rune(binary.BigEndian.Uint32(b[4*i:]))
	}
	return string(runes), true
}

// printable reports whether all of s is in the character set of PrintableString (X.680, Section 41.4).
func printable(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == ' ', c == '\'', c == '(', c == ')', c == '+', c == ',', c == '-', c == '.', c == '/', c == ':', c == '=', c == '?':
		default:
			return false
		}
	}
	return true
}

// ascii reports whether all of s may be in an IA5String.
func ascii(s string) bool {
	for _, c := range []byte(s) {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
