package esp

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"culvert/suite"
	"culvert/wire"
)

func TestOpenOfDamagedPackets(t *testing.T) {
	for name, e := range map[string]suite.ESP{"GCM": gcm(), "CBC": cbc()} {
		t.Run(name, func(t *testing.T) {
			out, in := pair(t, params(e))
			pkt := seal(t, out, udp(t, hostA, hostB, 40))
			for n := range pkt {
				if _, _, err := in.Open(slices.Clone(pkt[:n])); err != ErrTruncated && err != ErrAuthentication && err != ErrTruncation {
					t.Fatalf("%d of %d octets: %v", n, len(pkt), err)
				}
			}
			for bit := 32; bit < len(pkt)*8; bit++ {
				bad := slices.Clone(pkt)
				bad[bit/8] ^= 1 << (bit % 8)
				if _, _, err := in.Open(bad); err != ErrAuthentication && err != ErrReplay {
					t.Fatalf("bit %d: %v", bit, err)
				}
			}
			if in.Sequence() != 0 {
				t.Error("a bad packet moves the window")
			}
			if _, _, err := in.Open(pkt); err != nil {
				t.Errorf("the good packet: %v", err)
			}
		})
	}
}

// sealed returns a packet whose plaintext, trailer included, is given.
func sealed(t testing.TB, p Params, text []byte, seq uint64) []byte {
	t.Helper()
	c, err := suite.NewESPCipher(p.Transforms, p.EncrKey, p.IntegKey, zeroes{})
	if err != nil {
		t.Fatal(err)
	}
	pkt := make([]byte, headerLen+c.IVLen(), headerLen+c.IVLen()+len(text)+c.ICVLen())
	binary.BigEndian.PutUint32(pkt, p.SPI)
	binary.BigEndian.PutUint32(pkt[4:], uint32(seq))
	pkt = append(pkt, text...)[:cap(pkt)]
	c.Seal(pkt, seq)
	return pkt
}

func TestOpenOfAuthenticNonsense(t *testing.T) {
	v4, v6 := udp(t, hostA, hostB, 32), udp(t, hostA6, hostB6, 32)
	long := slices.Clone(v4)
	long[3] += 8
	short := slices.Clone(v4)
	short[2], short[3] = 0, 19
	tests := []struct {
		name string
		mode Mode
		text []byte
		want error
	}{
		{"padding from zero", Tunnel, slices.Concat(v4, []byte{0, 1, 2, protoIPv4}), ErrPadding},
		{"padding longer than the packet", Tunnel, slices.Concat(v4, []byte{1, 2, 255, protoIPv4}), ErrPadding},
		{"nothing but padding", Tunnel, []byte{1, 2, 2, protoIPv4}, ErrInner},
		{"TCP in tunnel mode", Tunnel, slices.Concat(v4, []byte{1, 2, 2, protoTCP}), ErrNextHeader},
		{"IPv4 that is IPv6", Tunnel, slices.Concat(v6, []byte{1, 2, 2, protoIPv4}), ErrInner},
		{"IPv6 that is IPv4", Tunnel, slices.Concat(v4, []byte{1, 2, 2, protoIPv6}), ErrInner},
		{"longer than it is", Tunnel, slices.Concat(long, []byte{1, 2, 2, protoIPv4}), ErrInner},
		{"shorter than its header", Tunnel, slices.Concat(short, []byte{1, 2, 2, protoIPv4}), ErrInner},
		{"IPv6 without a payload", Tunnel, slices.Concat(v6[:40], []byte{1, 2, 2, protoIPv6}), ErrInner},
		{"UDP cut off", Transport, slices.Concat(v4[20:24], []byte{1, 2, 2, protoUDP}), ErrInner},
		{"UDP shorter than its header", Transport, slices.Concat(v4[20:24], []byte{0, 7, 0, 0, 1, 2, 2, protoUDP}), ErrInner},
		{"UDP longer than it is", Transport, slices.Concat(v4[20:24], []byte{0, 9, 0, 0, 1, 2, 2, protoUDP}), ErrInner},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := params(gcm())
			p.Mode = tt.mode
			_, in := pair(t, p)
			if got, _, err := in.Open(sealed(t, p, tt.text, 1)); err != tt.want {
				t.Errorf("got %x, %v, want %v", got, err, tt.want)
			}
		})
	}
}

// Both sides have negotiated the same, and one of them cuts the ICV as it was before RFC 4868.
func TestICVOfAnotherLengthHasACounterOfItsOwn(t *testing.T) {
	ctr := suite.ESP{ENCR: transform(wire.EncrAESCTR, 128), INTEG: integrity(wire.IntegHMACSHA256_128)}
	for _, e := range []suite.ESP{cbc(), ctr} {
		for _, sides := range [][2]suite.ESP{{e, e.AsDraft()}, {e.AsDraft(), e}} {
			out, _ := pair(t, params(sides[0]))
			_, in := pair(t, params(sides[1]))
			pkt := seal(t, out, udp(t, hostA, hostB, 40))
			if _, _, err := in.Open(bytes.Clone(pkt)); DropOf(err) != ErrTruncation {
				t.Errorf("%v to %v: %v", sides[0], sides[1], err)
			}
			if _, _, err := in.Open(pkt[:len(pkt)-1]); DropOf(err) != ErrTruncated {
				t.Errorf("%v to %v, an octet short: %v", sides[0], sides[1], err)
			}
		}
	}
}

func TestOpenSealsNothingOfAnotherSA(t *testing.T) {
	out, _ := pair(t, params(gcm()))
	p := params(gcm())
	p.EncrKey[3] ^= 1
	_, in := pair(t, p)
	if _, _, err := in.Open(seal(t, out, udp(t, hostA, hostB, 40))); err != ErrAuthentication {
		t.Errorf("wrong key: %v", err)
	}
	p = params(gcm())
	_, in = pair(t, p)
	p.SPI++
	other, _ := pair(t, p)
	pkt := seal(t, other, udp(t, hostA, hostB, 40))
	binary.BigEndian.PutUint32(pkt, in.SPI())
	if _, _, err := in.Open(pkt); err != ErrAuthentication {
		t.Errorf("SPI exchanged on the way: %v", err)
	}
}
