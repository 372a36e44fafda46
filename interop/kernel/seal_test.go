package kernel_test

import (
	"bytes"
	"fmt"
	"testing"

	"culvert/esp"
)

// algorithms are all of ESP that we share with the kernel.
var algorithms = []string{
	"aes128gcm8", "aes128gcm12", "aes128gcm16", "aes192gcm8", "aes192gcm12", "aes192gcm16", "aes256gcm8", "aes256gcm12", "aes256gcm16",
	"aes128ccm8", "aes128ccm12", "aes128ccm16", "aes192ccm8", "aes192ccm12", "aes192ccm16", "aes256ccm8", "aes256ccm12", "aes256ccm16",
	"chacha20poly1305", "aes128gmac", "aes192gmac", "aes256gmac",
	"aes128-sha256", "aes192-sha256", "aes256-sha256", "aes128-sha1", "aes128-sha384", "aes128-sha512", "aes128-aesxcbc", "aes128-aescmac",
	"aes128ctr-sha256", "aes192ctr-sha384", "aes256ctr-sha512", "null-sha1", "null-sha256", "null-sha512", "null-aesxcbc",
}

// lengths of what the inner packets carry: every length of padding to 4 and to 16 octets, and up to what fits.
var lengths = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 255, 256, 1300}

// What either side seals with a key the other one opens, octet by octet the same.
func TestSealedPackets(t *testing.T) {
	o := newOracle(t)
	for _, algorithm := range algorithms {
		for _, esn := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s esn %t", algorithm, esn), func(t *testing.T) {
				out, in := o.open(tunnel{algorithm: algorithm, esn: esn, window: 128})
				o.roundTrips(t, out, in)
			})
		}
	}
}

// roundTrips sends packets of all lengths through the kernel and back.
func (o *oracle) roundTrips(t *testing.T, out *esp.Outbound, in *esp.Inbound) {
	t.Helper()
	for _, n := range lengths {
		o.roundTrip(t, out, in, bytes.Repeat([]byte{byte(n), 0xa5, 0x00}, n)[:n])
	}
}

// roundTrip sends a packet to the kernel and expects it back.
func (o *oracle) roundTrip(t *testing.T, out *esp.Outbound, in *esp.Inbound, sent []byte) {
	t.Helper()
	sealed, err := out.Seal(nil, o.datagram(sent))
	if err != nil {
		t.Fatal(err)
	}
	o.send(sealed)
	inner, _, err := in.Open(o.receive())
	if err != nil {
		t.Fatalf("%d octets: %v", len(sent), err)
	}
	if got := payload(t, inner); !bytes.Equal(got, sent) {
		t.Fatalf("%d octets came back as %x", len(sent), got)
	}
}

func TestFamiliesInsideAndOutside(t *testing.T) {
	o := newOracle(t)
	for _, outer6 := range []bool{false, true} {
		for _, inner6 := range []bool{false, true} {
			t.Run(fmt.Sprintf("IPv6 outside %t inside %t", outer6, inner6), func(t *testing.T) {
				o.aim(outer6, inner6)
				for _, algorithm := range []string{"aes128gcm16", "aes256-sha256"} {
					out, in := o.open(tunnel{algorithm: algorithm, window: 64})
					o.roundTrips(t, out, in)
				}
			})
		}
	}
}

// Padding against traffic analysis (RFC 4303, Section 2.7), ours to the kernel and the kernel's to us.
func TestTFCPadding(t *testing.T) {
	o := newOracle(t)
	for _, algorithm := range []string{"aes128gcm16", "aes128-sha256", "chacha20poly1305"} {
		t.Run(algorithm, func(t *testing.T) {
			out, in := o.open(tunnel{algorithm: algorithm, window: 64, padTo: 500, extra: "tfcpad 600"})
			o.roundTrips(t, out, in)
			sealed, err := out.Seal(nil, o.datagram(nil))
			if err != nil {
				t.Fatal(err)
			}
			o.send(sealed)
			if theirs := o.receive(); len(sealed) < 500 || len(theirs) < 500 {
				t.Errorf("not padded: %d octets to the kernel, %d from it", len(sealed), len(theirs))
			}
		})
	}
}
