package revocation

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// The bounds of an OCSP response: one status and perhaps the certificate of the responder are asked for.
const (
	maxOCSPOctets = 64 << 10
	maxAnswers    = 32
	maxResponders = 4
)

// errAnswer means that a response cannot be read.
var errAnswer = errors.New("malformed answer")

// A response is a BasicOCSPResponse (RFC 6960, Section 4.2.1).
type response struct {
	whole         []byte // the OCSPResponse, as it goes into a CERT payload
	basic         []byte // the BasicOCSPResponse, which is signed
	responderName []byte // the responder is one of both
	responderKey  []byte
	answers       []answer
	nonce         []byte
	certificates  []*x509.Certificate // of the responder, perhaps
}

// certStatus is what an answer says.
type certStatus uint8

// The statuses, with their tags.
const (
	statusGood    certStatus = 0
	statusRevoked certStatus = 1
	statusUnknown certStatus = 2
)

// An answer is a SingleResponse, about one certificate.
type answer struct {
	id                     certID
	status                 certStatus
	revokedAt              time.Time
	reason                 int
	thisUpdate, nextUpdate time.Time // nextUpdate zero: there is newer information at all times
}

// A certID names a certificate by its issuer and serial number.
type certID struct {
	hash              string // dotted
	nameHash, keyHash []byte
	serial            *big.Int
}

// responseStatus returns the words for an OCSPResponseStatus.
func responseStatus(n int) string {
	names := []string{"successful", "malformed request", "internal error", "try later", "status 4", "request must be signed", "unauthorized"}
	if n < 0 || n >= len(names) {
		return fmt.Sprintf("status %d", n)
	}
	return names[n]
}

// parseResponse reads an OCSPResponse { responseStatus, responseBytes [0] { responseType, response } }.
func parseResponse(der []byte) (*response, error) {
	if len(der) > maxOCSPOctets {
		return nil, fmt.Errorf("answer of %d octets, %d are accepted", len(der), maxOCSPOctets)
	}
	input := cryptobyte.String(der)
	var outer, bytes, basic cryptobyte.String
	var kind asn1.ObjectIdentifier
	var status int
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Enum(&status) {
		return nil, errAnswer
	}
	if status != 0 {
		return nil, fmt.Errorf("the server says %q", responseStatus(status))
	}
	if !outer.ReadASN1(&bytes, casn1.Tag(0).ContextSpecific().Constructed()) || !bytes.ReadASN1(&bytes, casn1.SEQUENCE) ||
		!bytes.ReadASN1ObjectIdentifier(&kind) || !kind.Equal(oidBasic()) || !bytes.ReadASN1(&basic, casn1.OCTET_STRING) {
		return nil, errAnswer
	}
	r := &response{whole: der, basic: basic}
	return r, r.parseBasic(basic)
}

// oidBasic is id-pkix-ocsp-basic.
func oidBasic() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1} }

// parseBasic reads a BasicOCSPResponse { tbsResponseData, signatureAlgorithm, signature, certs [0] OPTIONAL }.
func (r *response) parseBasic(input cryptobyte.String) error {
	var outer, data, certs cryptobyte.String
	var has bool
	if !input.ReadASN1(&outer, casn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1(&data, casn1.SEQUENCE) ||
		!outer.SkipASN1(casn1.SEQUENCE) || !outer.SkipASN1(casn1.BIT_STRING) ||
		!outer.ReadOptionalASN1(&certs, &has, casn1.Tag(0).ContextSpecific().Constructed()) || !outer.Empty() {
		return errAnswer
	}
	if has && !certs.ReadASN1(&certs, casn1.SEQUENCE) {
		return errAnswer
	}
	for len(r.certificates) < maxResponders && !certs.Empty() {
		var der cryptobyte.String
		if !certs.ReadASN1Element(&der, casn1.SEQUENCE) {
			return errAnswer
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("certificate of the answer: %w", err)
		}
		r.certificates = append(r.certificates, c)
	}
	return r.parseData(data)
}

// parseData reads a ResponseData { version [0] DEFAULT v1, responderID, producedAt, responses, responseExtensions [1]
// OPTIONAL }, whose responderID is a name [1] or the hash of a key [2].
func (r *response) parseData(data cryptobyte.String) error {
	var responder, answers, extensions cryptobyte.String
	var tag casn1.Tag
	var has bool
	if !data.SkipOptionalASN1(casn1.Tag(0).ContextSpecific().Constructed()) || !data.ReadAnyASN1(&responder, &tag) ||
		!data.SkipASN1(casn1.GeneralizedTime) || !data.ReadASN1(&answers, casn1.SEQUENCE) ||
		!data.ReadOptionalASN1(&extensions, &has, casn1.Tag(1).ContextSpecific().Constructed()) || !data.Empty() {
		return errAnswer
	}
	switch tag {
	case casn1.Tag(1).ContextSpecific().Constructed():
		r.responderName = responder
	case casn1.Tag(2).ContextSpecific().Constructed():
		if !responder.ReadASN1Bytes(&r.responderKey, casn1.OCTET_STRING) {
			return errAnswer
		}
	default:
		return errAnswer
	}
	for !answers.Empty() {
		if len(r.answers) == maxAnswers {
			return fmt.Errorf("more than %d answers in one", maxAnswers)
		}
		a, err := readAnswer(&answers)
		if err != nil {
			return err
		}
		r.answers = append(r.answers, a)
	}
	if !has {
		return nil
	}
	return readExtensions(extensions, func(id asn1.ObjectIdentifier, value cryptobyte.String) bool {
		return id.Equal(oidNonce()) && value.ReadASN1Bytes(&r.nonce, casn1.OCTET_STRING)
	})
}

// readAnswer reads a SingleResponse { certID, certStatus, thisUpdate, nextUpdate [0] OPTIONAL, singleExtensions [1] OPTIONAL }.
func readAnswer(input *cryptobyte.String) (answer, error) {
	var single, status, next, extensions cryptobyte.String
	var tag casn1.Tag
	var hasNext, hasExtensions bool
	var a answer
	if !input.ReadASN1(&single, casn1.SEQUENCE) || !a.id.read(&single) || !single.ReadAnyASN1(&status, &tag) ||
		!single.ReadASN1GeneralizedTime(&a.thisUpdate) ||
		!single.ReadOptionalASN1(&next, &hasNext, casn1.Tag(0).ContextSpecific().Constructed()) ||
		hasNext && !next.ReadASN1GeneralizedTime(&a.nextUpdate) ||
		!single.ReadOptionalASN1(&extensions, &hasExtensions, casn1.Tag(1).ContextSpecific().Constructed()) || !single.Empty() {
		return a, errAnswer
	}
	switch a.status = certStatus(tag & 0x1f); a.status {
	case statusGood, statusUnknown:
	case statusRevoked:
		if !a.readRevocation(status) {
			return a, errAnswer
		}
	default:
		return a, errAnswer
	}
	if !hasExtensions {
		return a, nil
	}
	return a, readExtensions(extensions, func(asn1.ObjectIdentifier, cryptobyte.String) bool { return false })
}

// readRevocation reads a RevokedInfo { revocationTime, revocationReason [0] OPTIONAL }.
func (a *answer) readRevocation(info cryptobyte.String) bool {
	var reason cryptobyte.String
	var has bool
	return info.ReadASN1GeneralizedTime(&a.revokedAt) && info.ReadOptionalASN1(&reason, &has, casn1.Tag(0).ContextSpecific().Constructed()) &&
		(!has || reason.ReadASN1Enum(&a.reason))
}

// readExtensions reads Extensions and offers each to take. One that is critical and not taken is an error.
func readExtensions(input cryptobyte.String, take func(asn1.ObjectIdentifier, cryptobyte.String) bool) error {
	var list cryptobyte.String
	if !input.ReadASN1(&list, casn1.SEQUENCE) || !input.Empty() {
		return errAnswer
	}
	for !list.Empty() {
		var extension, value cryptobyte.String
		var id asn1.ObjectIdentifier
		critical := false
		if !list.ReadASN1(&extension, casn1.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&id) ||
			extension.PeekASN1Tag(casn1.BOOLEAN) && !extension.ReadASN1Boolean(&critical) || !extension.ReadASN1(&value, casn1.OCTET_STRING) {
			return errAnswer
		}
		if !take(id, value) && critical {
			return fmt.Errorf("it has a critical extension %v", id)
		}
	}
	return nil
}
