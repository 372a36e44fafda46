package swanctl

import (
	"encoding/asn1"
	"encoding/pem"
	"slices"
	"strings"
	"testing"
)

// A client of VICI may load what it likes: an IV or text whose length does not suit the cipher is an error.
func TestEncryptedKeysOfWrongLengthsAreRefused(t *testing.T) {
	block, _ := pem.Decode(sealedKey(t, "sealed.pem"))
	whole := pbes2Of(t, block.Bytes)
	for name, cut := range map[string]func(*opened){
		"short IV":    func(o *opened) { o.iv = o.iv[1:] },
		"no IV":       func(o *opened) { o.iv = nil },
		"odd octets":  func(o *opened) { o.data = o.data[1:] },
		"no octets":   func(o *opened) { o.data = nil },
		"longer IV":   func(o *opened) { o.iv = append(o.iv, 0) },
		"longer text": func(o *opened) { o.data = append(o.data, 0) },
	} {
		o := whole
		o.iv, o.data = slices.Clone(o.iv), slices.Clone(o.data)
		cut(&o)
		iv, err := asn1.Marshal(o.iv)
		if err != nil {
			t.Fatal(err)
		}
		algorithm := o.scheme.Cipher
		algorithm.Parameters = asn1.RawValue{FullBytes: iv}
		if _, err := o.p.open(o.data, algorithm, []byte("phrase")); err == nil || !strings.Contains(err.Error(), "wrong length") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := unseal(block.Bytes, []byte("phrase")); err != nil {
		t.Errorf("the whole key: %v", err)
	}
}

// opened is what an encrypted key is made of.
type opened struct {
	scheme   pbes2
	p        pbkdf2Parameters
	iv, data []byte
}

func pbes2Of(t *testing.T, der []byte) (o opened) {
	t.Helper()
	var s sealed
	for _, part := range []struct {
		from func() []byte
		into any
	}{
		{func() []byte { return der }, &s},
		{func() []byte { return s.Algorithm.Parameters.FullBytes }, &o.scheme},
		{func() []byte { return o.scheme.Derivation.Parameters.FullBytes }, &o.p},
		{func() []byte { return o.scheme.Cipher.Parameters.FullBytes }, &o.iv},
	} {
		if _, err := asn1.Unmarshal(part.from(), part.into); err != nil {
			t.Fatal(err)
		}
	}
	o.data = s.Data
	return o
}
