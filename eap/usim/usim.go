// Package usim is a USIM in software and the authentication centre of its home network: authentication and key agreement of
// UMTS (3GPP TS 33.102, Section 6.3) with the MILENAGE functions.
package usim

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"

	"culvert/eap"
	"culvert/eap/milenage"
	"culvert/secret"
)

// A Sequence keeps a sequence number, of 48 bits, over restarts. It is safe for concurrent use.
type Sequence interface {
	// Update stores what next makes of the last number, which is 0 where nothing was stored yet. Nobody else gets in between.
	// It returns when the number will survive a restart. With an error of next nothing is stored, and it is returned.
	Update(next func(last uint64) (uint64, error)) error
}

const (
	sqnLimit = 1 << 48
	// indexStep leaves the index IND in the lowest five bits alone, so that cards with an array of sequence numbers, too,
	// see numbers that rise (3GPP TS 33.102, Annex C.1.1.1).
	indexStep = 1 << 5
)

// ErrNetwork says that AUTN was not made with the key of the card. Nobody who can be trusted has sent it.
var ErrNetwork = errors.New("usim: the network does not know the key of the card")

// ErrResynchronisation says that AUTS was not made with the key of the subscriber.
var ErrResynchronisation = errors.New("usim: the card does not know the key of the subscriber")

// A SynchronisationError says that AUTN is right, but not fresh. AUTS tells the home network where the card stands.
type SynchronisationError struct{ AUTS [14]byte }

// Error says what is wrong.
func (*SynchronisationError) Error() string { return "usim: the sequence number is not fresh" }

// A Response is what a card answers to a challenge. It is the caller's.
type Response struct {
	RES    secret.Bytes // 4 to 16 octets
	CK, IK secret.Bytes // 16 octets each
	// Separated is the first bit of the AMF: the vector is meant for networks that are told apart, as with AKA'.
	Separated bool
}

// Clear clears the secrets.
func (r Response) Clear() {
	r.RES.Clear()
	r.CK.Clear()
	r.IK.Clear()
}

// A Card is a USIM in software. It is safe for concurrent use.
type Card struct {
	functions *milenage.Functions
	sequence  Sequence
}

// NewCard returns a card with these keys.
func NewCard(keys Keys, sequence Sequence) (*Card, error) {
	f, err := milenage.New(keys.K, keys.OPc)
	return &Card{functions: f, sequence: sequence}, err
}

// Authenticate checks AUTN = (SQN xor AK | AMF | MAC) and answers RAND (3GPP TS 33.102, Section 6.3.3). The error is
// ErrNetwork, a *SynchronisationError, or of the store; a number counts as used once it is stored.
func (c *Card) Authenticate(_ context.Context, rand, autn [16]byte) (Response, error) {
	res, ck, ik, ak := c.functions.F2345(rand)
	r := Response{RES: res, CK: ck, IK: ik, Separated: autn[6]&0x80 != 0}
	if err := c.accept(rand, autn, ak); err != nil {
		r.Clear()
		return Response{}, err
	}
	return r, nil
}

func (c *Card) accept(rand, autn [16]byte, ak [6]byte) error {
	sqn := xor(autn[:6], ak)
	mac, _ := c.functions.F1(rand, sqn, [2]byte(autn[6:8]))
	if subtle.ConstantTimeCompare(mac[:], autn[8:]) != 1 {
		return ErrNetwork
	}
	return c.sequence.Update(func(last uint64) (uint64, error) {
		if number(sqn) <= last {
			return 0, &SynchronisationError{c.auts(rand, octets(last))}
		}
		return number(sqn), nil
	})
}

// auts is SQN xor AK | MAC-S, with an AMF of zeroes in the code (3GPP TS 33.102, Section 6.3.3).
func (c *Card) auts(rand [16]byte, sqn [6]byte) (auts [14]byte) {
	concealed := xor(sqn[:], c.functions.F5Star(rand))
	_, mac := c.functions.F1(rand, sqn, [2]byte{})
	copy(auts[:], concealed[:])
	copy(auts[6:], mac[:])
	return auts
}

// A Centre is the authentication centre of one subscriber, an eap.Subscriber.
type Centre struct {
	functions *milenage.Functions
	random    io.Reader
	sequence  Sequence
}

// NewCentre returns the centre of the card with these keys. The reader makes the challenges.
func NewCentre(keys Keys, sequence Sequence, random io.Reader) (*Centre, error) {
	f, err := milenage.New(keys.K, keys.OPc)
	return &Centre{functions: f, sequence: sequence, random: random}, err
}

// Vector makes an authentication vector (3GPP TS 33.102, Section 6.3.2).
func (c *Centre) Vector(_ context.Context, separated bool) (eap.Vector, error) {
	var v eap.Vector
	if _, err := io.ReadFull(c.random, v.RAND[:]); err != nil {
		return v, err
	}
	sqn, err := c.next()
	if err != nil {
		return v, err
	}
	var amf [2]byte
	if separated {
		amf[0] = 0x80
	}
	res, ck, ik, ak := c.functions.F2345(v.RAND)
	v.XRES, v.CK, v.IK = res, ck, ik
	mac, _ := c.functions.F1(v.RAND, sqn, amf)
	concealed := xor(sqn[:], ak)
	copy(v.AUTN[:], concealed[:])
	copy(v.AUTN[6:], amf[:])
	copy(v.AUTN[8:], mac[:])
	return v, nil
}

// next takes the next sequence number, and stores it before it is used.
func (c *Centre) next() (sqn [6]byte, err error) {
	err = c.sequence.Update(func(last uint64) (uint64, error) {
		next := last + indexStep
		if next >= sqnLimit {
			return 0, errors.New("usim: the sequence numbers of the card are used up")
		}
		sqn = octets(next)
		return next, nil
	})
	return sqn, err
}

// Resynchronise goes on behind the number of the card. It never goes back, so that an AUTS that is sent again does nothing
// (3GPP TS 33.102, Section 6.3.5).
func (c *Centre) Resynchronise(_ context.Context, rand [16]byte, auts [14]byte) error {
	sqn := xor(auts[:6], c.functions.F5Star(rand))
	_, mac := c.functions.F1(rand, sqn, [2]byte{})
	if subtle.ConstantTimeCompare(mac[:], auts[6:]) != 1 {
		return ErrResynchronisation
	}
	return c.sequence.Update(func(last uint64) (uint64, error) { return max(last, number(sqn)), nil })
}

func xor(a []byte, b [6]byte) (out [6]byte) {
	subtle.XORBytes(out[:], a, b[:])
	return out
}

func number(sqn [6]byte) (n uint64) {
	for _, b := range sqn {
		n = n<<8 | uint64(b)
	}
	return n
}

func octets(n uint64) (sqn [6]byte) {
	for i := range sqn {
		sqn[i] = byte(n >> (40 - 8*i))
	}
	return sqn
}
