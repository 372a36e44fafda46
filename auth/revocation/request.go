package revocation

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/ocsp"
)

// nonceOctets is the length of our nonces (RFC 9654, Section 2.1).
const nonceOctets = 32

// The ways an answer does not fit the question.
var (
	errAnswer   = errors.New("malformed answer")
	errNonce    = errors.New("the nonce of the answer is not ours")
	errQuestion = errors.New("the answer is about a certificate of another issuer")
)

// A request is a question about one certificate.
type request struct {
	der               []byte
	nonce             []byte
	nameHash, keyHash []byte
	serial            *big.Int
}

// newRequest makes a request with a nonce (RFC 6960, Section 4.1; RFC 9654).
func newRequest(cert, issuer *x509.Certificate) (*request, error) {
	plain, err := ocsp.CreateRequest(cert, issuer, nil)
	if err != nil {
		return nil, err
	}
	parsed, err := ocsp.ParseRequest(plain)
	if err != nil {
		return nil, err
	}
	r := &request{nonce: make([]byte, nonceOctets), nameHash: parsed.IssuerNameHash, keyHash: parsed.IssuerKeyHash, serial: parsed.SerialNumber}
	rand.Read(r.nonce)
	r.der, err = addNonce(plain, r.nonce)
	return r, err
}

// addNonce puts requestExtensions behind the requestList of an OCSPRequest { TBSRequest { requestList } }.
func addNonce(plain, nonce []byte) ([]byte, error) {
	input := cryptobyte.String(plain)
	var outer, tbs cryptobyte.String
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1(&tbs, casn1.SEQUENCE) || !outer.Empty() {
		return nil, errors.New("malformed OCSP request")
	}
	var b cryptobyte.Builder
	nest(&b, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		nest(b, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidNonce())
			b.AddASN1(casn1.OCTET_STRING, func(b *cryptobyte.Builder) { b.AddASN1OctetString(nonce) })
		}, casn1.Tag(2).ContextSpecific().Constructed(), casn1.SEQUENCE, casn1.SEQUENCE)
	}, casn1.SEQUENCE, casn1.SEQUENCE)
	return b.Bytes()
}

// nest adds structures, each the only element of the one before.
func nest(b *cryptobyte.Builder, content cryptobyte.BuilderContinuation, tags ...casn1.Tag) {
	if len(tags) == 0 {
		content(b)
		return
	}
	b.AddASN1(tags[0], func(b *cryptobyte.Builder) { nest(b, content, tags[1:]...) })
}

// oidNonce is id-pkix-ocsp-nonce.
func oidNonce() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2} }

// check compares what the answer says it is about with the question: the issuer, which the serial number alone does not
// tell, and the nonce, which a server may leave out (RFC 6960, Section 4.4.1).
func (r *request) check(tbs []byte) error {
	answers, nonce, err := splitAnswer(tbs)
	if err != nil {
		return err
	}
	if nonce != nil && !bytes.Equal(nonce, r.nonce) {
		return errNonce
	}
	for !answers.Empty() {
		var single, id, algorithm cryptobyte.String
		var nameHash, keyHash []byte
		serial := new(big.Int)
		if !answers.ReadASN1(&single, casn1.SEQUENCE) || !single.ReadASN1(&id, casn1.SEQUENCE) || !id.ReadASN1(&algorithm, casn1.SEQUENCE) ||
			!id.ReadASN1Bytes(&nameHash, casn1.OCTET_STRING) || !id.ReadASN1Bytes(&keyHash, casn1.OCTET_STRING) || !id.ReadASN1Integer(serial) {
			return errAnswer
		}
		if serial.Cmp(r.serial) == 0 {
			if !bytes.Equal(nameHash, r.nameHash) || !bytes.Equal(keyHash, r.keyHash) {
				return errQuestion
			}
			return nil
		}
	}
	return errQuestion
}

// splitAnswer returns the SingleResponses and the nonce, if there is one, of a ResponseData:
//
//	SEQUENCE { version [0] OPTIONAL, responderID, producedAt, responses, responseExtensions [1] OPTIONAL }
func splitAnswer(tbs []byte) (answers cryptobyte.String, nonce []byte, err error) {
	input := cryptobyte.String(tbs)
	var data, extensions, responder cryptobyte.String
	var responderTag casn1.Tag
	var hasExtensions bool
	if !input.ReadASN1(&data, casn1.SEQUENCE) ||
		!data.SkipOptionalASN1(casn1.Tag(0).ContextSpecific().Constructed()) ||
		!data.ReadAnyASN1(&responder, &responderTag) || !data.SkipASN1(casn1.GeneralizedTime) ||
		!data.ReadASN1(&answers, casn1.SEQUENCE) ||
		!data.ReadOptionalASN1(&extensions, &hasExtensions, casn1.Tag(1).ContextSpecific().Constructed()) {
		return nil, nil, errAnswer
	}
	if !hasExtensions {
		return answers, nil, nil
	}
	nonce, err = findNonce(extensions)
	return answers, nonce, err
}

// findNonce reads the nonce among Extensions; another critical extension is an error.
func findNonce(extensions cryptobyte.String) ([]byte, error) {
	var list cryptobyte.String
	if !extensions.ReadASN1(&list, casn1.SEQUENCE) {
		return nil, errAnswer
	}
	var nonce []byte
	for !list.Empty() {
		var extension, value cryptobyte.String
		var id asn1.ObjectIdentifier
		critical := false
		if !list.ReadASN1(&extension, casn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&id) ||
			!extension.ReadOptionalASN1Boolean(&critical, casn1.BOOLEAN, false) || !extension.ReadASN1(&value, casn1.OCTET_STRING) {
			return nil, errAnswer
		}
		switch {
		case id.Equal(oidNonce()):
			if !value.ReadASN1Bytes(&nonce, casn1.OCTET_STRING) {
				return nil, errAnswer
			}
		case critical:
			return nil, errAnswer
		}
	}
	return nonce, nil
}
