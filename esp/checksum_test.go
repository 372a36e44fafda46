package esp

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"culvert/checksum"
)

// Datagrams whose checksums others computed: from the captures of scapy (ikev2_notify_redirect) and Wireshark
// (ikev2-decrypt-aes256gcm16), of even and odd length, and one over IPv6 summed up octet by octet.
func TestChecksumsOfOthers(t *testing.T) {
	for name, text := range map[string]string{
		"scapy": `45000040f24c000040116fe60a0502350a05023c01f42ac8002cc8e31c88ee0b7793d52e63cc9c1919de33e7292022200000000000000024000000080100000e`,
		"Wireshark": `4500005dd69140004011e09dc0a8010ec0a8010201f401f4004943930158b8fb90b7623d13514610cea161602e2025000000000000
			0000412a00002584d4f502cfb09a1a60d7c8efe7d5f46ac22c24c6aa94249bbd0f90b9ed1a9c9b09`,
		"IPv6": `60000000001511402001 0db8000a00000000000000000001 20010db8000b00000000000000000001 119401f400155f890102030405060708090a0b0c0d`,
	} {
		t.Run(name, func(t *testing.T) {
			pkt := unhex(t, text)
			checkChecksums(t, pkt)
			n := headerLen6
			if pkt[0]>>4 == 4 {
				n = headerLen4
			}
			field := binary.BigEndian.Uint16(pkt[n+6:])
			clear(pkt[n+6 : n+8])
			source, destination := addresses(pkt)
			if got := ^checksum.Fold(checksum.Add(pkt[n:], pseudo(source, destination, protoUDP, len(pkt)-n))); got != field {
				t.Errorf("got %04x, want %04x", got, field)
			}
		})
	}
}

func addresses(pkt []byte) (source, destination netip.Addr) {
	if pkt[0]>>4 == 4 {
		return netip.AddrFrom4([4]byte(pkt[12:])), netip.AddrFrom4([4]byte(pkt[16:]))
	}
	return netip.AddrFrom16([16]byte(pkt[8:])), netip.AddrFrom16([16]byte(pkt[24:]))
}
