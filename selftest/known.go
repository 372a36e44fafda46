package selftest

import (
	"bytes"
	_ "embed" // the known answers
	"encoding/hex"
	"encoding/json"
	"fmt"

	"culvert/suite"
	"culvert/wire"
)

//go:embed known.json
var knownText []byte

// octets are written in hexadecimal digits.
type octets []byte

// UnmarshalText reads them.
func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// known are answers that were known beforehand.
type known struct {
	ESP       []packetAnswer    `json:"esp"`
	IKE       []messageAnswer   `json:"ike"`
	PRF       []prfAnswer       `json:"prf"`
	Keys      []keysAnswer      `json:"keys"`
	KE        []exchangeAnswer  `json:"ke"`
	KEM       []kemAnswer       `json:"kem"`
	Signature []signatureAnswer `json:"signature"`
}

func readKnown() (*known, error) {
	k := new(known)
	if err := json.Unmarshal(knownText, k); err != nil {
		return nil, fmt.Errorf("the known answers cannot be read: %w", err)
	}
	return k, nil
}

// An answer can be tried.
type answer interface {
	name() string
	try() error
}

func (k *known) tests() []Test {
	return append(append(append(append(append(append(tested(k.ESP), tested(k.IKE)...), tested(k.PRF)...), tested(k.Keys)...), tested(k.KE)...), tested(k.KEM)...), tested(k.Signature)...)
}

func tested[A answer](list []A) []Test {
	tests := make([]Test, len(list))
	for i, a := range list {
		tests[i] = Test{"known answers", a.name(), a.try}
	}
	return tests
}

// differs tells that a result is not the one that is known. What was computed is no secret here.
func differs(what string, got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("%s is %x, but known to be %x", what, got, want)
}

// ciphers are the transforms of a packet or message.
type ciphers struct {
	Encr  wire.TransformID `json:"encr"`
	Bits  uint16           `json:"bits"`
	Integ wire.TransformID `json:"integ"`
}

func (c *ciphers) encr() wire.Transform {
	return wire.Transform{Type: wire.TransformENCR, ID: c.Encr, KeyLength: c.Bits}
}

func (c *ciphers) integ() wire.Transform {
	if c.Integ == wire.IntegNone {
		return wire.Transform{}
	}
	return wire.Transform{Type: wire.TransformINTEG, ID: c.Integ}
}

// String names the transforms.
func (c *ciphers) String() string {
	if c.Integ == wire.IntegNone {
		return suite.TransformName(c.encr())
	}
	return suite.TransformName(c.encr()) + "/" + suite.TransformName(c.integ())
}
