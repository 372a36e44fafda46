package revocation

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// errScope means that an issuingDistributionPoint is malformed.
var errScope = errors.New("malformed issuingDistributionPoint")

// A scope says which certificates a list is about (RFC 5280, Section 5.2.5). The zero scope is all of the issuer's.
type scope struct {
	named              bool // for one distribution point
	urls               []string
	onlyUsers, onlyCAs bool
	indirect           bool // it has certificates of other issuers as well
	partial            bool // for some reasons, for attribute certificates, or for what is not known
}

// oidIssuingDistributionPoint is id-ce-issuingDistributionPoint.
func oidIssuingDistributionPoint() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 28} }

// parseScope reads the issuingDistributionPoint of a list:
//
//	SEQUENCE { distributionPoint [0] OPTIONAL, onlyContainsUserCerts [1] BOOLEAN, onlyContainsCACerts [2] BOOLEAN,
//	  onlySomeReasons [3] OPTIONAL, indirectCRL [4] BOOLEAN, onlyContainsAttributeCerts [5] BOOLEAN }
func parseScope(crl *x509.RevocationList) (scope, error) {
	value := find(crl.Extensions, oidIssuingDistributionPoint())
	if value == nil {
		return scope{}, nil
	}
	return parsePoint(value)
}

// find returns the value of an extension, nil if it is not there.
func find(list []pkix.Extension, id asn1.ObjectIdentifier) []byte {
	i := slices.IndexFunc(list, func(e pkix.Extension) bool { return e.Id.Equal(id) })
	if i < 0 {
		return nil
	}
	return list[i].Value
}

func parsePoint(der []byte) (scope, error) {
	input := cryptobyte.String(der)
	var seq cryptobyte.String
	if !input.ReadASN1(&seq, casn1.SEQUENCE) || !input.Empty() {
		return scope{}, errScope
	}
	var s scope
	for !seq.Empty() {
		var field cryptobyte.String
		var tag casn1.Tag
		if !seq.ReadAnyASN1(&field, &tag) {
			return scope{}, errScope
		}
		switch set := len(field) == 1 && field[0] != 0; tag {
		case casn1.Tag(0).ContextSpecific().Constructed():
			s.named = true
			if !s.addNames(field) {
				return scope{}, errScope
			}
		case casn1.Tag(1).ContextSpecific():
			s.onlyUsers = set
		case casn1.Tag(2).ContextSpecific():
			s.onlyCAs = set
		case casn1.Tag(4).ContextSpecific():
			s.indirect = set
		case casn1.Tag(5).ContextSpecific():
			s.partial = s.partial || set
		default:
			s.partial = true
		}
	}
	return s, nil
}

// addNames reads the URIs of a DistributionPointName { fullName [0] GeneralNames, ... }; other names are left out.
func (s *scope) addNames(field cryptobyte.String) bool {
	var names, name cryptobyte.String
	var present bool
	if !field.ReadOptionalASN1(&names, &present, casn1.Tag(0).ContextSpecific().Constructed()) {
		return false
	}
	for !names.Empty() {
		var tag casn1.Tag
		if !names.ReadAnyASN1(&name, &tag) {
			return false
		}
		if tag == casn1.Tag(6).ContextSpecific() {
			s.urls = append(s.urls, string(name))
		}
	}
	return true
}
