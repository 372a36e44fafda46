package selftest

import (
	"bytes"
	"crypto/mlkem"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"culvert/auth"
	"culvert/suite"
	"culvert/wire"
)

// A prfAnswer is what a pseudorandom function makes of a key and data.
type prfAnswer struct {
	ID   wire.TransformID `json:"id"`
	Key  octets           `json:"key"`
	Data octets           `json:"data"`
	Sum  octets           `json:"sum"`
	Plus octets           `json:"plus"`
}

func (a prfAnswer) name() string {
	return fmt.Sprintf("%s, key of %d octets", suite.TransformName(wire.Transform{Type: wire.TransformPRF, ID: a.ID}), len(a.Key))
}

func (a prfAnswer) try() error {
	p, err := suite.NewPRF(a.ID)
	if err != nil {
		return err
	}
	plus, err := p.Plus(a.Key, a.Data, len(a.Plus))
	if err != nil {
		return err
	}
	return errors.Join(differs("prf", p.Sum(a.Key, a.Data), a.Sum), differs("prf+", plus, a.Plus))
}

// A keysAnswer has the keys of an IKE SA with AES-GCM.
type keysAnswer struct {
	PRF    wire.TransformID `json:"prf"`
	Ni     octets           `json:"ni"`
	Nr     octets           `json:"nr"`
	Shared octets           `json:"shared"`
	SPIi   wire.SPI         `json:"spi_i"`
	SPIr   wire.SPI         `json:"spi_r"`
	D      octets           `json:"d"`
	Ei     octets           `json:"ei"`
	Er     octets           `json:"er"`
	Pi     octets           `json:"pi"`
	Pr     octets           `json:"pr"`
}

func (a keysAnswer) prf() wire.Transform {
	return wire.Transform{Type: wire.TransformPRF, ID: a.PRF}
}

func (a keysAnswer) name() string { return "keys of an IKE SA by " + suite.TransformName(a.prf()) }

func (a keysAnswer) try() error {
	encr := wire.Transform{Type: wire.TransformENCR, ID: wire.EncrAESGCM16, KeyLength: 256}
	sel := suite.Selection{Proposal: wire.Proposal{Protocol: wire.ProtocolIKE, Transforms: []wire.Transform{encr, a.prf()}}}
	k, err := suite.DeriveIKEKeys(sel, a.Shared, a.Ni, a.Nr, a.SPIi, a.SPIr)
	if err != nil {
		return err
	}
	return errors.Join(differs("SK_d", k.D, a.D), differs("SK_ei", k.Ei, a.Ei), differs("SK_er", k.Er, a.Er), differs("SK_pi", k.Pi, a.Pi), differs("SK_pr", k.Pr, a.Pr))
}

func exchangeName(method wire.TransformID) string {
	return suite.TransformName(wire.Transform{Type: wire.TransformKE, ID: method})
}

// An exchangeAnswer is a key exchange with a private value that is known.
type exchangeAnswer struct {
	Method  wire.TransformID `json:"method"`
	Private octets           `json:"private"`
	Public  octets           `json:"public"`
	Peer    octets           `json:"peer"`
	Shared  octets           `json:"shared"`
}

func (a exchangeAnswer) name() string { return exchangeName(a.Method) }

func (a exchangeAnswer) try() error {
	k, err := suite.NewKeyExchange(a.Method, bytes.NewReader(a.Private))
	if err != nil {
		return err
	}
	if err := differs("the public value", k.Public(), a.Public); err != nil {
		return err
	}
	shared, err := k.Finish(a.Peer)
	if err != nil {
		return err
	}
	return differs("the shared secret", shared, a.Shared)
}

// A kemAnswer is a ciphertext for a key made from a seed.
type kemAnswer struct {
	Method     wire.TransformID `json:"method"`
	Seed       octets           `json:"seed"`
	Ciphertext octets           `json:"ciphertext"`
	Shared     octets           `json:"shared"`
}

func (a kemAnswer) name() string { return exchangeName(a.Method) + " from a seed" }

func (a kemAnswer) try() error {
	var key interface{ Decapsulate([]byte) ([]byte, error) }
	var err error
	if a.Method == wire.KEMLKEM768 {
		key, err = mlkem.NewDecapsulationKey768(a.Seed)
	} else {
		key, err = mlkem.NewDecapsulationKey1024(a.Seed)
	}
	if err != nil {
		return err
	}
	shared, err := key.Decapsulate(a.Ciphertext)
	return errors.Join(err, differs("the shared secret", shared, a.Shared))
}

// A signatureAnswer is a signature of another implementation.
type signatureAnswer struct {
	Scheme    string `json:"scheme"`
	PublicKey octets `json:"public_key"`
	Octets    octets `json:"octets"`
	Signature octets `json:"signature"`
}

func (a signatureAnswer) name() string { return "signature " + a.Scheme }

// payload is the Authentication payload (RFC 7427, Section 3; RFC 7296, Section 3.8).
func (a signatureAnswer) payload() (wire.Auth, suite.SignaturePolicy, error) {
	schemes := append(suite.DefaultSchemes(), suite.SchemeRSASHA1)
	i := slices.IndexFunc(schemes, func(s suite.Scheme) bool { return s.String() == a.Scheme })
	if i < 0 {
		return wire.Auth{}, suite.SignaturePolicy{}, errors.New("it is not built in")
	}
	policy := suite.SignaturePolicy{Schemes: schemes}
	if schemes[i] == suite.SchemeRSASHA1 {
		return wire.Auth{Method: wire.AuthRSASignature, Data: a.Signature}, policy, nil
	}
	id := schemes[i].AlgorithmIdentifier()
	return wire.Auth{Method: wire.AuthDigitalSignature, Data: slices.Concat([]byte{byte(len(id))}, id, a.Signature)}, policy, nil
}

func (a signatureAnswer) try() error {
	key, err := auth.ParsePublicKey(a.PublicKey)
	if err != nil {
		return err
	}
	payload, policy, err := a.payload()
	if err != nil {
		return err
	}
	if err := suite.Verify(key, payload, a.Octets, policy); err != nil {
		return fmt.Errorf("a good signature is refused: %w", err)
	}
	if suite.Verify(key, payload, append(bytes.Clone(a.Octets), 0), policy) == nil {
		return errors.New("a signature of something else is accepted")
	}
	return nil
}

// agreements are key exchanges whose private values cannot be given: both sides have to agree.
func agreements() []Test {
	var list []Test
	for _, method := range []wire.TransformID{wire.KEMLKEM512, wire.KEMLKEM768, wire.KEMLKEM1024, wire.KEFrodoKEM640SHAKE} {
		list = append(list, Test{"agreement", exchangeName(method), func() error { return agree(method) }})
	}
	return list
}

func agree(method wire.TransformID) error {
	k, err := suite.NewKeyExchange(method, rand.Reader)
	if err != nil {
		return err
	}
	public, theirs, err := suite.RespondKeyExchange(method, k.Public(), rand.Reader)
	if err != nil {
		return err
	}
	ours, err := k.Finish(public)
	if err != nil {
		return err
	}
	return differs("our secret", ours, theirs)
}
