package radius

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/subtle"
	"errors"

	"culvert/secret"
)

var (
	errAuthenticator = errors.New("the authenticator does not fit: the shared secret differs, or somebody has changed the packet")
	errUnsigned      = errors.New("there is no Message-Authenticator")
)

// ourSignature is where the value of the Message-Authenticator stands in what we send.
const ourSignature = headerSize + 2

// signedFirst returns attributes behind a Message-Authenticator to be filled in. It comes first so that what precedes it, and
// with it the MD5 state that a forger of the Response Authenticator needs, is out of his hands.
func signedFirst(list Attributes) Attributes {
	return append(Attributes{{MessageAuthenticator, make([]byte, md5.Size)}}, list...)
}

// encodeRequest returns a request of ours as it is on the wire, and notes its authenticator. That of an Access-Request is random
// and goes with a Message-Authenticator (RFC 3579, Section 3.2), that of an Accounting-Request is computed (RFC 2866, Section 3).
func (p *Packet) encodeRequest(key secret.Bytes) ([]byte, error) {
	if p.Code == AccessRequest {
		rand.Read(p.Authenticator[:]) // never fails
		p.Attributes = signedFirst(p.Attributes)
	} else {
		p.Authenticator = [16]byte{}
	}
	b, err := p.encode()
	if err != nil {
		return nil, err
	}
	if p.Code == AccessRequest {
		copy(b[ourSignature:], messageAuthenticator(b, ourSignature, p.Authenticator, key))
		return b, nil
	}
	p.Authenticator = authenticator(b, [16]byte{}, key)
	copy(b[4:], p.Authenticator[:])
	return b, nil
}

// encodeResponse returns a response of ours as it is on the wire: a Message-Authenticator first, then over it the Response
// Authenticator (RFC 5176, Sections 3.4 and 2.3).
func (p *Packet) encodeResponse(request [16]byte, key secret.Bytes) ([]byte, error) {
	p.Attributes = signedFirst(p.Attributes)
	b, err := p.encode()
	if err != nil {
		return nil, err
	}
	copy(b[ourSignature:], messageAuthenticator(b, ourSignature, request, key))
	p.Authenticator = authenticator(b, request, key)
	copy(b[4:], p.Authenticator[:])
	return b, nil
}

// checkResponse tells whether a packet without padding answers a request: the Response Authenticator must fit (RFC 2865,
// Section 3), and, if one is required or there is one, the Message-Authenticator.
func checkResponse(b []byte, request [16]byte, key secret.Bytes, signed bool) error {
	want := authenticator(b, request, key)
	if subtle.ConstantTimeCompare(want[:], b[4:headerSize]) != 1 {
		return errAuthenticator
	}
	return checkSigned(b, request, key, signed)
}

// checkRequest tells whether a request without padding comes from somebody who knows the secret (RFC 5176, Section 2.3).
func checkRequest(b []byte, key secret.Bytes, signed bool) error {
	return checkResponse(b, [16]byte{}, key, signed)
}

// checkSigned holds the one Message-Authenticator of a packet without padding against its contents.
func checkSigned(b []byte, request [16]byte, key secret.Bytes, required bool) error {
	at, err := signature(b)
	switch {
	case err != nil:
		return err
	case at == 0 && required:
		return errUnsigned
	case at == 0:
		return nil
	}
	if !hmac.Equal(messageAuthenticator(b, at, request, key), b[at:at+md5.Size]) {
		return errAuthenticator
	}
	return nil
}

// signature returns where the value of the Message-Authenticator stands; 0 is nowhere. There is at most one (RFC 3579,
// Section 3.3).
func signature(b []byte) (at int, err error) {
	for i := headerSize; i < len(b); i += int(b[i+1]) {
		switch {
		case i+2 > len(b) || b[i+1] < 2 || i+int(b[i+1]) > len(b):
			return 0, errMalformed
		case Type(b[i]) != MessageAuthenticator:
		case at != 0 || b[i+1] != 2+md5.Size:
			return 0, errMalformed
		default:
			at = i + 2
		}
	}
	return at, nil
}

// messageAuthenticator computes HMAC-MD5 over a packet, with the request's authenticator in the place of the authenticator and
// zeroes in the place of the signature, whose value stands at an offset (RFC 3579, Section 3.2).
func messageAuthenticator(b []byte, at int, request [16]byte, key secret.Bytes) []byte {
	mac := hmac.New(md5.New, key)
	mac.Write(b[:4])
	mac.Write(request[:])
	mac.Write(b[headerSize:at])
	mac.Write(make([]byte, md5.Size))
	mac.Write(b[at+md5.Size:])
	return mac.Sum(nil)
}

// authenticator computes the authenticator of a response, or with a request of zeroes that of a request (RFC 2865, Section 3;
// RFC 2866, Section 3).
func authenticator(b []byte, request [16]byte, key secret.Bytes) (sum [16]byte) {
	h := md5.New()
	h.Write(b[:4])
	h.Write(request[:])
	h.Write(b[headerSize:])
	h.Write(key)
	h.Sum(sum[:0])
	return sum
}
