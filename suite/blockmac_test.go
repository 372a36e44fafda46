package suite

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestXCBC(t *testing.T) {
	for _, v := range rfcVectors(t, "rfc3566.txt") {
		mac := newXCBC([blockMACKey]byte(v.fields["key"]))
		if got := digest(mac, v.fields["data"]); !bytes.Equal(got, v.fields["mac"]) {
			t.Errorf("case %s: got %x, want %x", v.title, got, v.fields["mac"])
		}
	}
}

func TestCMAC(t *testing.T) {
	for _, v := range rfcVectors(t, "rfc4493.txt") {
		mac := newCMAC([blockMACKey]byte(v.fields["key"]))
		if got := digest(mac, v.fields["data"]); !bytes.Equal(got, v.fields["mac"]) {
			t.Errorf("case %s: got %x, want %x", v.title, got, v.fields["mac"])
		}
	}
}

func TestCMACSubkeys(t *testing.T) {
	mac := newCMAC([blockMACKey]byte(unhex(t, "2b7e151628aed2a6abf7158809cf4f3c"))) // RFC 4493, Section 4
	if got, want := hex.EncodeToString(mac.whole[:]), "fbeed618357133667c85e08f7236a8de"; got != want {
		t.Errorf("K1: got %s, want %s", got, want)
	}
	if got, want := hex.EncodeToString(mac.partial[:]), "f7ddac306ae266ccf90bc11ee46d513b"; got != want {
		t.Errorf("K2: got %s, want %s", got, want)
	}
}

// IPsec uses AES-CMAC with keys of 128 bits; an ICV may only be compared whole.
func TestCMACWycheproof(t *testing.T) {
	tried := 0
	proofs(t, "aes_cmac", func(t *testing.T, g proofGroup, p proofTest) {
		if len(p.Key) != blockMACKey || g.TagSize != 128 {
			return
		}
		tried++
		mac := digest(newCMAC([blockMACKey]byte(p.Key)), p.Msg)
		if got := bytes.Equal(mac, p.Tag); got != p.valid() {
			t.Errorf("%d %s: accepted %v, want %v", p.TcID, p.Comment, got, p.valid())
		}
	})
	if tried == 0 {
		t.Error("no test tried")
	}
}

func TestBlockMACInPieces(t *testing.T) {
	r := testRand(1)
	key := [blockMACKey]byte(randomOctets(r, blockMACKey))
	data := randomOctets(r, 100)
	for name, mac := range map[string]*blockMAC{"XCBC": newXCBC(key), "CMAC": newCMAC(key)} {
		for n := range data {
			mac.Reset()
			want := digest(mac, data[:n])
			for size := 1; size <= 33; size += 8 {
				mac.Reset()
				for rest := data[:n]; len(rest) > 0; {
					piece := rest[:min(size, len(rest))]
					mac.Write(piece)
					mac.Sum(nil) // must leave the state as it is
					rest = rest[len(piece):]
				}
				if got := mac.Sum(nil); !bytes.Equal(got, want) {
					t.Errorf("%s of %d octets in pieces of %d: got %x, want %x", name, n, size, got, want)
				}
			}
		}
	}
}

func TestBlockMACSizes(t *testing.T) {
	mac := newCMAC([blockMACKey]byte{})
	if mac.Size() != 16 || mac.BlockSize() != 16 {
		t.Errorf("size %d, block size %d: want 16, 16", mac.Size(), mac.BlockSize())
	}
	if got := mac.Sum([]byte("before")); !bytes.HasPrefix(got, []byte("before")) || len(got) != 6+16 {
		t.Errorf("Sum does not append: %x", got)
	}
}
