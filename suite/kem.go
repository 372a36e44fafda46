package suite

import (
	"io"

	"culvert/secret"
	"culvert/wire"
)

// A keyEncapsulation is a method in which the responder encapsulates a shared secret for the initiator's public key, so
// that its answer is a ciphertext (draft-ietf-ipsecme-ikev2-mlkem, Section 2). Every exchange has a fresh key pair and a
// fresh ciphertext, from randomness that is used for nothing else (Section 3).
type keyEncapsulation struct {
	seedSize int // octets of randomness that make a key pair
	// generate makes the initiator's share of a seed, which it does not keep.
	generate func(seed []byte) (share, error)
	// encapsulate checks the peer's public key; the error is ErrPublicLength, ErrPublicValue, or comes from rand.
	encapsulate func(peer []byte, rand io.Reader) (ciphertext, shared []byte, err error)
}

func lookupKEM(method wire.TransformID) (keyEncapsulation, bool) {
	switch method {
	case wire.KEMLKEM512:
		return mlkem512(), true
	case wire.KEMLKEM768:
		return mlkem768(), true
	case wire.KEMLKEM1024:
		return mlkem1024(), true
	case wire.KEFrodoKEM640SHAKE:
		return frodoKEM640(), true
	}
	return keyEncapsulation{}, false
}

// newShare draws a seed and makes the initiator's key pair of it.
func (k keyEncapsulation) newShare(rand io.Reader) (share, error) {
	seed := make([]byte, k.seedSize)
	defer clear(seed)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return nil, err
	}
	return k.generate(seed)
}

// respond is RespondKeyExchange for a KEM.
func (k keyEncapsulation) respond(method wire.TransformID, peer []byte, rand io.Reader) ([]byte, secret.Bytes, error) {
	ciphertext, shared, err := k.encapsulate(peer, rand)
	if err == ErrPublicLength || err == ErrPublicValue {
		err = &KeyExchangeError{Method: method, Err: err}
	}
	return ciphertext, shared, err
}
