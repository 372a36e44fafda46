package aka

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"culvert/eap"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func check(t *testing.T, what string, got []byte, want string) {
	t.Helper()
	if !bytes.Equal(got, unhex(t, want)) {
		t.Errorf("%s: got %x, want %s", what, got, want)
	}
}

// RFC 4186, Appendix A.5: MK, and what RFC 4187 derives from it in the same way.
func TestGeneratorOfTheRFC(t *testing.T) {
	got := fips186(unhex(t, "e576d5ca332e9930018bf1baee2763c795b3c712"), 160)
	check(t, "K_encr", got[:16], "536e5ebc4465582aa6a8ec9986ebb620")
	check(t, "K_aut", got[16:32], "25af1942efcbf4bc72b3943421f2a974")
	check(t, "MSK", got[32:96], `39d45aeaf4e30601983e972b6cfd46d1 c363773365690d09cd44976b525f47d3
		a60a985e955c53b090b2e4b73719196a 402542968fd14a888f46b9a7886e4488`)
	check(t, "EMSK", got[96:], `5949eab0fff69d52315c6c634fd14a7f 0d52023d56f79698fa6596abeed4f93f
		bb48eb534d985414ceed0d9a8ed33c38 7c9dfdab92ffbdf240fcecf65a2c93b9`)
}

// FIPS 186-2, change notice 1: the example of the general purpose generator.
func TestGeneratorOfFIPS(t *testing.T) {
	check(t, "x", fips186(unhex(t, "bd029bbe7f51960bcf9edb2b61f06f0feb5a38b6"), 40),
		"2070b3223dba372fde1c0ffc7b2e3b498b260614 3c6c18bacb0f6c55babb13788e20d737a3275116")
}

// RFC 9048, Appendix D, cases 1 to 3 (RFC 5448, Appendix C).
func TestKeysOfTheRFC(t *testing.T) {
	for _, tt := range []struct{ name, network, autn, ik, ck, ckPrime, ikPrime, aut, msk string }{
		{"case 1", "WLAN", "bb52e91c747ac3ab2a5c23d15ee351d5", "9744871ad32bf9bbd1dd5ce54e3e2e5a", "5349fbe098649f948f5d2e973a81c00f",
			"0093962d0dd84aa5684b045c9edffa04", "ccfc230ca74fcc96c0a5d61164f5a76c",
			"0842ea722ff6835bfa2032499fc3ec23c2f0e388b4f07543ffc677f1696d71ea",
			`67c42d9aa56c1b79e295e3459fc3d187d42be0bf818d3070e362c5e967a4d544
			e8ecfe19358ab3039aff03b7c930588c055babee58a02650b067ec4e9347c75a`},
		{"case 2", "HRPD", "bb52e91c747ac3ab2a5c23d15ee351d5", "9744871ad32bf9bbd1dd5ce54e3e2e5a", "5349fbe098649f948f5d2e973a81c00f",
			"3820f0277fa5f77732b1fb1d90c1a0da", "db94a0ab557ef6c9ab48619ca05b9a9f",
			"5b4acaef62c6ebb8882b2f3d534c4b35277337a00184f20ff25d224c04be2afd",
			`87b321570117cd6c95ab6c436fb5073ff15cf85505d2bc5bb7355fc21ea8a757
			57e8f86a2b138002e05752913bb43b82f868a96117e91a2d95f526677d572900`},
		{"case 3", "WLAN", "a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0", "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0", "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0",
			"cd4c8e5c68f57dd1d7d7dfd0c538e577", "3ece6b705dbbf7dfc459a11280c65524",
			"c40700e7722483ae3dc7139eb0b88bb558cb3081eccd057f9207d1286ee7dd53",
			`9f7dca9e37bb22029ed986e7cd09d4a70d1ac76d95535c5cac40a7504699bb89
			61a29ef6f3e90f183de5861ad1bedc81ce9916391b401aa006c98785a5756df7`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ck, ik, autn := unhex(t, tt.ck), unhex(t, tt.ik), [16]byte(unhex(t, tt.autn))
			ckPrime, ikPrime := bind(ck, ik, []byte(tt.network), [6]byte(autn[:6]))
			check(t, "CK'", ckPrime, tt.ckPrime)
			check(t, "IK'", ikPrime, tt.ikPrime)
			got := prime().derive("0555444333222111", ck, ik, []byte(tt.network), autn)
			check(t, "K_aut", got.aut, tt.aut)
			check(t, "MSK", got.msk, tt.msk)
		})
	}
}

func TestKeysOfPlainAKABelongToTheIdentity(t *testing.T) {
	ck, ik := make([]byte, 16), bytes.Repeat([]byte{1}, 16)
	a, b := plain().derive("0a", ck, ik, nil, [16]byte{}), plain().derive("0b", ck, ik, nil, [16]byte{})
	if len(a.msk) != 64 || len(a.aut) != 16 || a.msk.Equal(b.msk) || a.aut.Equal(b.aut) {
		t.Errorf("got %d and %d octets", len(a.aut), len(a.msk))
	}
}

func TestCodesProtectEveryOctet(t *testing.T) {
	for _, v := range []variant{plain(), prime()} {
		p := eap.Packet{Code: eap.CodeRequest, Identifier: 3, Type: v.kind}
		aut := make([]byte, v.autLen)
		m := message{subtype: subNotification}
		m.addNumber(atNotification, notifySuccess)
		p.Data = v.seal(aut, p, m)
		verify := func(p eap.Packet) bool {
			m, err := parse(p.Data)
			return err == nil && v.verify(aut, p, m)
		}
		if !verify(p) {
			t.Fatalf("%v: our own code is wrong", v.kind)
		}
		for i := range p.Data {
			bad := p
			bad.Data = bytes.Clone(p.Data)
			bad.Data[i] ^= 1
			if verify(bad) {
				t.Errorf("%v: octet %d is not protected", v.kind, i)
			}
		}
		p.Identifier++
		if verify(p) {
			t.Errorf("%v: the identifier is not protected", v.kind)
		}
		if v.verify(aut, p, message{}) {
			t.Errorf("%v: a packet without code is right", v.kind)
		}
	}
}

func TestCheckcodeCoversTheIdentityRounds(t *testing.T) {
	var none, one checkcode
	one.add(prime(), eap.Packet{Code: eap.CodeRequest, Type: eap.TypeAKAPrime, Data: []byte{5, 0, 0}})
	if got := none.value(); len(got) != 2 {
		t.Errorf("got %x", got)
	}
	if got := one.value(); len(got) != 2+32 {
		t.Errorf("got %x", got)
	}
	with := func(v []byte) message { return message{attributes: []attribute{{atCheckcode, v}}} }
	for _, tt := range []struct {
		c    *checkcode
		m    message
		want bool
	}{{&none, message{}, true}, {&one, message{}, true}, {&one, with(one.value()), true}, {&one, with(none.value()), false}, {&none, with(one.value()), false}} {
		if got := tt.c.matches(tt.m); got != tt.want {
			t.Errorf("got %v for %v", got, tt.m)
		}
	}
}
