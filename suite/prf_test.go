package suite

import (
	"bytes"
	"errors"
	"testing"

	"culvert/wire"
)

func newTestPRF(t testing.TB, id wire.TransformID) *PRF {
	t.Helper()
	p, err := NewPRF(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPRFHMACSHA2(t *testing.T) {
	ids := map[string]wire.TransformID{
		"sha256": wire.PRFHMACSHA256, "sha384": wire.PRFHMACSHA384, "sha512": wire.PRFHMACSHA512,
	}
	for _, v := range rfcVectors(t, "rfc4868-prf.txt") {
		for field, id := range ids {
			data := v.fields["data"]
			if got := newTestPRF(t, id).Sum(v.fields["key"], data[:2], nil, data[2:]); !bytes.Equal(got, v.fields[field]) {
				t.Errorf("%s %s: got %x, want %x", v.title, field, got, v.fields[field])
			}
		}
	}
}

// The vectors have keys of, below and above 128 bits.
func TestPRFsOfBlockCiphers(t *testing.T) {
	for file, id := range map[string]wire.TransformID{"rfc4434.txt": wire.PRFAES128XCBC, "rfc4615.txt": wire.PRFAES128CMAC} {
		for _, v := range rfcVectors(t, file) {
			if got := newTestPRF(t, id).Sum(v.fields["key"], v.fields["data"]); !bytes.Equal(got, v.fields["out"]) {
				t.Errorf("%s case %s: got %x, want %x", file, v.title, got, v.fields["out"])
			}
		}
	}
}

func TestPRFHMACSHA1Wycheproof(t *testing.T) {
	p := newTestPRF(t, wire.PRFHMACSHA1)
	proofs(t, "hmac_sha1", func(t *testing.T, g proofGroup, test proofTest) {
		if len(test.Tag) != p.size {
			return
		}
		if got := bytes.Equal(p.Sum(test.Key, test.Msg), test.Tag); got != test.valid() {
			t.Errorf("%d %s: equal is %v", test.TcID, test.Comment, got)
		}
	})
}

func TestPRFSizes(t *testing.T) {
	for id, size := range map[wire.TransformID]int{
		wire.PRFHMACSHA1: 20, wire.PRFHMACSHA256: 32, wire.PRFHMACSHA384: 48, wire.PRFHMACSHA512: 64,
		wire.PRFAES128XCBC: 16, wire.PRFAES128CMAC: 16,
	} {
		p := newTestPRF(t, id)
		if p.size != size || p.KeySize() != size || p.ID() != id || len(p.Sum(nil)) != size {
			t.Errorf("PRF %d: size %d, key %d, id %d, output %d", id, p.size, p.KeySize(), p.ID(), len(p.Sum(nil)))
		}
	}
	var unsupported *UnsupportedError
	for _, id := range []wire.TransformID{0, wire.PRFHMACMD5, wire.PRFHMACTiger, wire.PRFHMACStreebog512, 1024} {
		if _, err := NewPRF(id); !errors.As(err, &unsupported) {
			t.Errorf("PRF %d: got %v, want an UnsupportedError", id, err)
		}
	}
}

// prf+ by its definition: T1 = prf(K, S | 0x01), T2 = prf(K, T1 | S | 0x02), ... (RFC 7296, Section 2.13).
func TestPRFPlusDefinition(t *testing.T) {
	key, seed := []byte("some key"), []byte("a seed")
	for _, a := range pseudorandomFunctions() {
		p := newTestPRF(t, a.transform.ID)
		t1 := p.Sum(key, seed, []byte{1})
		t2 := p.Sum(key, t1, seed, []byte{2})
		t3 := p.Sum(key, t2, seed, []byte{3})
		want := append(append(t1, t2...), t3...)
		for n := range len(want) + 1 {
			got, err := p.Plus(key, seed, n)
			if err != nil || !bytes.Equal(got, want[:n]) {
				t.Fatalf("%s: %d octets: got %x, %v", a.name, n, got, err)
			}
			if cap(got) != n {
				t.Fatalf("%s: an append reaches what lies behind", a.name)
			}
		}
	}
}

func TestPRFPlusEndsAfter255Blocks(t *testing.T) {
	p := newTestPRF(t, wire.PRFHMACSHA256)
	longest := 255 * p.size
	got, err := p.Plus([]byte("key"), nil, longest)
	if err != nil || len(got) != longest {
		t.Fatalf("got %d octets, %v", len(got), err)
	}
	last := p.Sum([]byte("key"), got[253*32:254*32], []byte{255})
	if !bytes.Equal(got[254*32:], last) {
		t.Error("block 255 is not made with number 255")
	}
	for _, n := range []int{longest + 1, -1} {
		if _, err := p.Plus([]byte("key"), nil, n); err == nil {
			t.Errorf("%d octets had", n)
		}
	}
}

// The two PRFs with fixed keys take 64 bits of each nonce for SKEYSEED (RFC 7296, Section 2.14).
func TestSKEYSEEDKey(t *testing.T) {
	ni, nr := []byte("initiator's nonce"), []byte("responder's nonce")
	tests := map[wire.TransformID]string{
		wire.PRFHMACSHA1: "initiator's nonceresponder's nonce", wire.PRFHMACSHA512: "initiator's nonceresponder's nonce",
		wire.PRFAES128XCBC: "initiatoresponde", wire.PRFAES128CMAC: "initiatoresponde",
	}
	for id, want := range tests {
		if got := newTestPRF(t, id).skeyseedKey(ni, nr); string(got) != want {
			t.Errorf("PRF %d: got %q, want %q", id, got, want)
		}
	}
	if got := newTestPRF(t, wire.PRFAES128CMAC).skeyseedKey([]byte("abc"), nil); string(got) != "abc" {
		t.Errorf("short nonces: got %q", got)
	}
	if string(ni) != "initiator's nonce" {
		t.Error("the nonce was written to")
	}
}

func TestPRFCAVP(t *testing.T) {
	var cases []struct {
		ID, PRF        string
		Key, Salt, Out octets
	}
	readJSON(t, "cavp-ikev2-kdf.json", &cases)
	ids := map[string]wire.TransformID{
		"PRF_HMAC_SHA2_256": wire.PRFHMACSHA256, "PRF_HMAC_SHA2_384": wire.PRFHMACSHA384, "PRF_HMAC_SHA2_512": wire.PRFHMACSHA512,
	}
	for _, c := range cases {
		p := newTestPRF(t, ids[c.PRF])
		got := p.Sum(c.Salt, c.Key) // SKEYSEED = prf(Ni | Nr, g^ir): the salt is the PRF's key
		if bytes.HasPrefix([]byte(c.ID), []byte("prf_plus")) {
			var err error
			if got, err = p.Plus(c.Key, c.Salt, len(c.Out)); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, c.Out) {
			t.Errorf("%s: got %x, want %x", c.ID, got, c.Out)
		}
	}
	if len(cases) != 13 {
		t.Errorf("%d vectors, want 13", len(cases))
	}
}
