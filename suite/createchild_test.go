package suite

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"culvert/secret"
	"culvert/wire"
)

// octetString is octets that stand in hexadecimal in a file.
type octetString []byte

func (o *octetString) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

// A createChildCase is what an exchange that makes an SA has to come to; testdata says how it was derived.
type createChildCase struct {
	Kind, Suite, PRF string
	D                octetString `json:"sk_d"`
	PPK              octetString
	Shared           []octetString
	Ni, Nr           octetString
	SPIi, SPIr       octetString
	Mixed            octetString
	Keys             map[string]octetString
}

func createChildCases(t *testing.T) []createChildCase {
	t.Helper()
	raw, err := os.ReadFile("testdata/create-child.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []createChildCase }
	if err := json.Unmarshal(raw, &file); err != nil || len(file.Cases) != 14 {
		t.Fatal(len(file.Cases), err)
	}
	return file.Cases
}

func (c *createChildCase) prf() wire.TransformID {
	return map[string]wire.TransformID{"sha256": wire.PRFHMACSHA256, "sha384": wire.PRFHMACSHA384, "sha512": wire.PRFHMACSHA512}[c.PRF]
}

// The formulas of RFC 9370, Section 2.2.4, and RFC 9867, Section 3.2.1, worked out by somebody else.
func TestKeysOfCreateChildSAAreThoseOfAnIndependentDerivation(t *testing.T) {
	for _, c := range createChildCases(t) {
		t.Run(c.Kind+" "+c.Suite, func(t *testing.T) {
			d := secret.Bytes(c.D)
			if len(c.PPK) > 0 {
				var err error
				if d, err = MixPPKCreateChild(c.prf(), secret.Bytes(c.PPK), d); err != nil || !bytes.Equal(d, c.Mixed) {
					t.Fatalf("SK_d' %x, want %x (%v)", []byte(d), c.Mixed, err)
				}
			}
			got := c.derive(t, d)
			for name, want := range c.Keys {
				if !bytes.Equal(got[name], want) {
					t.Errorf("%s is %x, want %x", name, []byte(got[name]), want)
				}
			}
		})
	}
}

func (c *createChildCase) derive(t *testing.T, d secret.Bytes) map[string]secret.Bytes {
	t.Helper()
	var shared [][]byte
	for _, s := range c.Shared {
		shared = append(shared, s)
	}
	if c.Kind == "ESP" {
		k, err := DeriveChildKeys(c.prf(), d, selectionOf(t, wire.ProtocolESP, c.Suite), shared, c.Ni, c.Nr)
		if err != nil {
			t.Fatal(err)
		}
		return map[string]secret.Bytes{"ei": k.EncrI, "ai": k.IntegI, "er": k.EncrR, "ar": k.IntegR}
	}
	k, err := RekeyIKEKeys(c.prf(), d, selectionOf(t, wire.ProtocolIKE, c.Suite), shared, c.Ni, c.Nr,
		wire.SPI(binary.BigEndian.Uint64(c.SPIi)), wire.SPI(binary.BigEndian.Uint64(c.SPIr)))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]secret.Bytes{"d": k.D, "ai": k.Ai, "ar": k.Ar, "ei": k.Ei, "er": k.Er, "pi": k.Pi, "pr": k.Pr}
}
