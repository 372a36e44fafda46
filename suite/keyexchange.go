package suite

import (
	"errors"
	"fmt"
	"io"

	"culvert/secret"
	"culvert/wire"
)

// Causes of a *KeyExchangeError, for errors.Is.
var (
	// ErrPublicLength means that the peer's value does not have the one length of its method.
	ErrPublicLength = errors.New("wrong length")
	// ErrPublicValue means that the peer's value is out of range, not a point of the curve, of low order, or no key of the
	// KEM.
	ErrPublicValue = errors.New("invalid value")
)

// ErrSpent means that a KeyExchange has already given its shared secret.
var ErrSpent = errors.New("key exchange already finished")

// A KeyExchangeError means that the peer's key exchange data failed the tests of its method. The message that carried it
// must not be used; once the IKE SA is established the peer is told INVALID_SYNTAX (RFC 6989, Section 2.5).
type KeyExchangeError struct {
	Method wire.TransformID
	Err    error
}

// Error says what is wrong.
func (e *KeyExchangeError) Error() string {
	return fmt.Sprintf("peer's public value for %s: %v", TransformName(keID(e.Method)), e.Err)
}

// Unwrap returns the cause.
func (e *KeyExchangeError) Unwrap() error { return e.Err }

// A KeyExchange is the initiator's side of one key exchange: it has sent Public and awaits the responder's answer. It is
// for a single use, so that private values are never used again (RFC 7296, Section 2.12), and for one goroutine at a time.
type KeyExchange struct {
	method wire.TransformID
	public []byte
	share  share // nil once used up
}

// A share is a fresh private value with the public one that belongs to it.
type share interface {
	public() []byte
	// finish combines the share with the peer's public value after all tests that its method asks for.
	finish(peer []byte) (secret.Bytes, error)
	// clear forgets the private value as far as its library lets us; the share is not used again.
	clear()
}

// NewKeyExchange generates the initiator's share. The error is an *UnsupportedError or comes from rand.
func NewKeyExchange(method wire.TransformID, rand io.Reader) (*KeyExchange, error) {
	s, err := newShare(method, rand)
	if err != nil {
		return nil, err
	}
	return &KeyExchange{method: method, public: s.public(), share: s}, nil
}

// Method returns the id of the key exchange method.
func (k *KeyExchange) Method() wire.TransformID { return k.method }

// Public returns the Key Exchange Data for the responder.
func (k *KeyExchange) Public() []byte { return k.public }

// Finish computes the shared secret, g^ir or that of a KEM, from the responder's Key Exchange Data and forgets the private value if that
// was valid; an invalid answer, which may be forged, leaves k ready for another one. The error is a *KeyExchangeError, or
// ErrSpent after a success.
func (k *KeyExchange) Finish(peer []byte) (secret.Bytes, error) {
	if k.share == nil {
		return nil, ErrSpent
	}
	shared, err := k.share.finish(peer)
	if err != nil {
		return nil, &KeyExchangeError{Method: k.method, Err: err}
	}
	k.Clear()
	return shared, nil
}

// Clear forgets the private value of an exchange that will not be finished.
func (k *KeyExchange) Clear() {
	if k.share != nil {
		k.share.clear()
		k.share = nil
	}
}

// RespondKeyExchange is the responder's side: it makes the shared secret, g^ir or that of a KEM, and the Key Exchange Data of the answer from
// the initiator's. The error is a *KeyExchangeError for the peer's value, an *UnsupportedError, or comes from rand.
// ML-KEM-768 and -1024 do not read from rand: their library takes the randomness of the system.
func RespondKeyExchange(method wire.TransformID, peer []byte, rand io.Reader) (public []byte, shared secret.Bytes, err error) {
	if k, ok := lookupKEM(method); ok {
		return k.respond(method, peer, rand)
	}
	k, err := NewKeyExchange(method, rand)
	if err != nil {
		return nil, nil, err
	}
	public = k.Public()
	shared, err = k.Finish(peer)
	return public, shared, err
}

func newShare(method wire.TransformID, rand io.Reader) (share, error) {
	if g, ok := modpGroup(method); ok {
		return newMODPShare(g, rand)
	}
	if k, ok := lookupKEM(method); ok {
		return k.newShare(rand)
	}
	switch method {
	case wire.KEECP256, wire.KEECP384, wire.KEECP521:
		return newECPShare(method, rand)
	case wire.KEBrainpoolP256r1, wire.KEBrainpoolP384r1, wire.KEBrainpoolP512r1:
		return newBrainpoolShare(method, rand)
	case wire.KECurve25519:
		return newX25519Share(rand)
	case wire.KECurve448:
		return newX448Share(rand)
	}
	return nil, &UnsupportedError{Transform: keID(method)}
}
