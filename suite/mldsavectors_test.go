package suite

import (
	"encoding/json"
	"errors"
	"testing"

	"filippo.io/mldsa"

	"culvert/wire"
)

// Signatures with a context are valid for others than us, who have none (draft-ietf-ipsecme-ikev2-pqc-auth, Section 3.2).
func TestMLDSAWycheproof(t *testing.T) {
	accepted, keys := 0, 0
	proofs(t, "mldsa_65_verify", func(t *testing.T, g proofGroup, p proofTest) {
		var raw octets
		if err := json.Unmarshal(g.PublicKey, &raw); err != nil {
			t.Fatal(err)
		}
		pub, err := mldsa.NewPublicKey(mldsa.MLDSA65(), raw)
		if err != nil {
			if keys++; p.valid() {
				t.Errorf("%d %s: %v", p.TcID, p.Comment, err)
			}
			return
		}
		err = Verify(pub, digitalSignature(SchemeMLDSA65.algorithmID(), p.Sig), p.Msg, SignaturePolicy{})
		want := p.valid() && len(p.Ctx) == 0
		if want != (err == nil) || err != nil && !errors.Is(err, ErrSignature) {
			t.Errorf("%d %s: got %v, want valid %v", p.TcID, p.Comment, err, want)
		}
		if want {
			accepted++
		}
	})
	if accepted < 70 || keys != 4 {
		t.Errorf("%d accepted, %d keys refused", accepted, keys)
	}
}

// The parameter set is part of the scheme: a signature is refused under the name of another.
func TestMLDSAParameterSets(t *testing.T) {
	schemes := map[string]Scheme{"mldsa44": SchemeMLDSA44, "mldsa65": SchemeMLDSA65, "mldsa87": SchemeMLDSA87}
	for name, own := range schemes {
		for _, other := range schemes {
			if other == own {
				continue
			}
			data, err := Sign(keyNamed(t, name), wire.AuthDigitalSignature, own, []byte("octets"), testRand(65))
			if err != nil {
				t.Fatal(err)
			}
			forged := digitalSignature(other.algorithmID(), data[1+len(own.algorithmID()):])
			if err := Verify(keyNamed(t, name).Public(), forged, []byte("octets"), SignaturePolicy{}); !errors.Is(err, ErrKeyType) {
				t.Errorf("%s as %s: got %v, want ErrKeyType", own, other, err)
			}
			if _, err := Sign(keyNamed(t, name), wire.AuthDigitalSignature, other, nil, testRand(65)); !errors.Is(err, ErrKeyType) {
				t.Errorf("%s signs as %s: %v", own, other, err)
			}
		}
	}
	want := map[string]int{"mldsa44": mldsa.MLDSA44SignatureSize, "mldsa65": mldsa.MLDSA65SignatureSize, "mldsa87": mldsa.MLDSA87SignatureSize}
	for name, scheme := range schemes {
		data, err := Sign(keyNamed(t, name), wire.AuthDigitalSignature, scheme, nil, testRand(66))
		if err != nil || len(data) != 1+13+want[name] {
			t.Errorf("%s: AUTH data of %d octets, %v", scheme, len(data), err)
		}
	}
}
