package suite

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"culvert/wire"
)

func TestIntegrityHMACSHA2(t *testing.T) {
	ids := map[string]wire.TransformID{
		"AUTH256": wire.IntegHMACSHA256_128, "AUTH384": wire.IntegHMACSHA384_192, "AUTH512": wire.IntegHMACSHA512_256,
	}
	for _, v := range rfcVectors(t, "rfc4868-auth.txt") {
		family, _, _ := strings.Cut(v.title, "-")
		mac, err := newIntegrity(integID(ids[family]), v.fields["key"])
		if err != nil {
			t.Fatalf("%s: %v", v.title, err)
		}
		data := v.fields["data"]
		if got := mac.of(data, nil); !bytes.Equal(got, v.fields["icv"]) {
			t.Errorf("%s: got %x, want %x", v.title, got, v.fields["icv"])
		}
		if !mac.verify(data[:3], data[3:], v.fields["icv"]) {
			t.Errorf("%s: not verified in two parts", v.title)
		}
	}
}

func TestIntegrityXCBCAndCMACAreCutTo96Bits(t *testing.T) {
	for file, id := range map[string]wire.TransformID{"rfc3566.txt": wire.IntegAESXCBC96, "rfc4493.txt": wire.IntegAESCMAC96} {
		for _, v := range rfcVectors(t, file) {
			mac, err := newIntegrity(integID(id), v.fields["key"])
			if err != nil {
				t.Fatal(err)
			}
			if got, want := mac.of(v.fields["data"], nil), v.fields["mac"][:12]; !bytes.Equal(got, want) {
				t.Errorf("%s case %s: got %x, want %x", file, v.title, got, want)
			}
		}
	}
}

// Wycheproof has HMAC tags of full and of half length; our ICV is a fixed part of the full one.
func TestIntegrityWycheproof(t *testing.T) {
	for name, id := range map[string]wire.TransformID{
		"hmac_sha1": wire.IntegHMACSHA1_96, "hmac_sha256": wire.IntegHMACSHA256_128,
		"hmac_sha384": wire.IntegHMACSHA384_192, "hmac_sha512": wire.IntegHMACSHA512_256,
	} {
		tried := 0
		proofs(t, name, func(t *testing.T, g proofGroup, p proofTest) {
			key, icv, _ := integrityLengths(id)
			if len(p.Key) != key || len(p.Tag) < icv {
				return
			}
			tried++
			mac, err := newIntegrity(integID(id), p.Key)
			if err != nil {
				t.Fatal(err)
			}
			accepted := mac.verify(p.Msg, nil, p.Tag[:icv])
			if p.valid() && !accepted {
				t.Errorf("%s %d %s: refused", name, p.TcID, p.Comment)
			}
			if !p.valid() && accepted && g.TagSize == 8*icv {
				t.Errorf("%s %d %s: accepted", name, p.TcID, p.Comment)
			}
		})
		if tried == 0 {
			t.Errorf("%s: no test tried", name)
		}
	}
}

func TestIntegrityRefuses(t *testing.T) {
	var unsupported *UnsupportedError
	for _, tt := range []wire.Transform{
		integID(wire.IntegHMACMD5_96), integID(wire.IntegNone), integID(wire.IntegAES128GMAC), integID(9999),
		{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128, KeyLength: 256},
		{Type: wire.TransformINTEG, ID: wire.IntegHMACSHA256_128, UnknownAttribute: true},
	} {
		if _, err := newIntegrity(tt, make([]byte, 32)); !errors.As(err, &unsupported) {
			t.Errorf("%s: got %v, want an UnsupportedError", TransformName(tt), err)
		}
	}
	var length *KeyLengthError
	if _, err := newIntegrity(integID(wire.IntegHMACSHA256_128), make([]byte, 31)); !errors.As(err, &length) {
		t.Fatalf("got %v, want a KeyLengthError", err)
	}
	if want := "key of 31 octets for HMAC_SHA2_256_128, which takes 32"; length.Error() != want {
		t.Errorf("got %q, want %q", length, want)
	}
}

func TestIntegrityVerifyNoticesEveryBit(t *testing.T) {
	data := []byte("sixteen octets..and more")
	for _, a := range integrityAlgorithms() {
		key, _, _ := integrityLengths(a.transform.ID)
		mac, err := newIntegrity(a.transform, make([]byte, key))
		if err != nil {
			t.Fatal(err)
		}
		icv := bytes.Clone(mac.of(data, nil))
		for bit := range 8 * len(icv) {
			icv[bit/8] ^= 1 << (bit % 8)
			if mac.verify(data, nil, icv) {
				t.Errorf("%s: bit %d of the ICV does not count", a.name, bit)
			}
			icv[bit/8] ^= 1 << (bit % 8)
		}
		if mac.verify(data, nil, icv[:len(icv)-1]) || !mac.verify(data, nil, icv) {
			t.Errorf("%s: ICV of the wrong length accepted, or the right one refused", a.name)
		}
	}
}
