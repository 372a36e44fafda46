package wire

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// childDelete is from an INFORMATIONAL exchange of strongSwan, with a second SPI.
const childDelete = "03040002 5d940f8c d1e7c35e"

func TestDeleteForeign(t *testing.T) {
	checkForeign(t, []foreign{
		{"IKE SA", "01000000", &Delete{Protocol: ProtocolIKE}},
		{"one child", "03040001 5d940f8c", &Delete{Protocol: ProtocolESP, SPIs: []uint32{0x5d940f8c}}},
		{"two children", childDelete, &Delete{Protocol: ProtocolESP, SPIs: []uint32{0x5d940f8c, 0xd1e7c35e}}},
		{"no AH child", "02040000", &Delete{Protocol: ProtocolAH}},
	})
}

func TestDeleteRefused(t *testing.T) {
	checkRefused(t, PayloadDelete, map[string]refusal{
		"IKE SA with SPI size":        {"01080000", errDeleteSPI},
		"IKE SA with SPI":             {"01080001 0102030405060708", errDeleteSPI},
		"IKE SA with count":           {"01000001", errDeleteSPI},
		"ESP with SPI of 8 octets":    {"03080001 0102030405060708", errDeleteSPI},
		"ESP with SPI of no octets":   {"0300ffff", errDeleteSPI},
		"ESP with one SPI, no octets": {"03000001", errDeleteSPI},
		"count above content":         {"0304ffff 01020304", errShort},
		"content above count":         {"03040001 01020304 05060708", errLength},
		"octets after none":           {"01000000 00", errLength},
	})
}

func TestDeleteOfNothingMayLeaveTheSPISizeOut(t *testing.T) {
	p, err := parseOne(PayloadDelete, octets(t, "03000000"))
	if err != nil || len(p.(*Delete).SPIs) != 0 {
		t.Errorf("got %v, %v, want no SPI", p, err)
	}
}

func TestDeleteAllocatesNoMoreThanItsContent(t *testing.T) {
	body := octets(t, "0304ffff"+strings.Repeat("00", 8))
	n := testing.AllocsPerRun(10, func() {
		if _, err := parseDelete(body); err == nil {
			t.Error("accepted")
		}
	})
	if n > 1 {
		t.Errorf("%v allocations for a refused payload", n)
	}
}

func TestDeleteIdentity(t *testing.T) {
	checkIdentity(t, rapid.Custom(func(t *rapid.T) *Delete {
		d := &Delete{Protocol: rapid.SampledFrom([]ProtocolID{ProtocolIKE, ProtocolAH, ProtocolESP}).Draw(t, "protocol")}
		if d.Protocol != ProtocolIKE {
			d.SPIs = rapid.SliceOfN(rapid.Uint32(), 0, 50).Draw(t, "SPIs")
		}
		return d
	}))
}

func TestDeletePrefixes(t *testing.T) { checkPrefixes(t, PayloadDelete, childDelete, 12) }

func FuzzDelete(f *testing.F) { fuzzPayload(f, PayloadDelete) }
