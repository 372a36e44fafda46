package iptfs

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"
)

// By hand from RFC 9347, Figures 4 and 5. The 64 bits of the times: RTT 0x12345 in 22, Echo Delay 0x6789a in 21, Transmit
// Delay 0x1bcde in 21 bits.
var headers = []struct {
	name   string
	octets string
	header Header
}{
	{"plain", "0000 0000", Header{}},
	{"plain with an offset", "0000 07d0", Header{BlockOffset: 2000}},
	{"congestion", "0103 0064 000003e8 048d14cf1341bcde 01020304 05060708", Header{BlockOffset: 100, Congestion: true, Report: Report{
		Probing: true, Experienced: true, LossEventRate: 1000, RTT: 0x12345 * time.Microsecond, EchoDelay: 0x6789a * time.Microsecond,
		TransmitDelay: 0x1bcde * time.Microsecond, TVal: 0x01020304, TEcho: 0x05060708}}},
	{"nothing known", "0100 0000 00000000 0000000000000000 00000000 00000000", Header{Congestion: true}},
	{"saturated", "0100 0000 00000000 ffffffffffffffff 00000000 00000000", Header{Congestion: true, Report: Report{
		RTT: maxRTT * time.Microsecond, EchoDelay: maxDelay * time.Microsecond, TransmitDelay: maxDelay * time.Microsecond}}},
}

func octets(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(s), []byte(" "), nil)))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHeaders(t *testing.T) {
	for _, tt := range headers {
		t.Run(tt.name, func(t *testing.T) {
			want := octets(t, tt.octets)
			b := bytes.Repeat([]byte{0xff}, tt.header.Len())
			tt.header.Put(b)
			if !bytes.Equal(b, want) {
				t.Errorf("put %x, want %x", b, want)
			}
			h, blocks, err := Parse(append(want, 0x45, 1))
			if err != nil || h != tt.header || !bytes.Equal(blocks, []byte{0x45, 1}) {
				t.Errorf("parsed %+v, blocks %x, %v", h, blocks, err)
			}
		})
	}
}

func TestParseRefusesWhatIsShort(t *testing.T) {
	for _, tt := range headers {
		whole := octets(t, tt.octets)
		for i := range whole {
			if _, _, err := Parse(whole[:i]); !errors.Is(err, ErrShort) {
				t.Errorf("%s, %d octets: %v", tt.name, i, err)
			}
		}
	}
}

func TestParseRefusesUnknownSubTypes(t *testing.T) {
	for _, sub := range []byte{2, 3, 255} {
		if _, _, err := Parse(append([]byte{sub}, make([]byte, 40)...)); !errors.Is(err, ErrSubType) {
			t.Errorf("sub-type %d: %v", sub, err)
		}
	}
}

func TestReservedBitsAreIgnored(t *testing.T) {
	if h, _, err := Parse([]byte{0, 0xff, 0, 7}); err != nil || h != (Header{BlockOffset: 7}) {
		t.Errorf("plain: %+v, %v", h, err)
	}
	b := make([]byte, CongestionLen)
	b[0], b[1] = 1, 0xfc
	if h, _, err := Parse(b); err != nil || h != (Header{Congestion: true}) {
		t.Errorf("congestion: %+v, %v", h, err)
	}
}

func TestLongTimesSaturate(t *testing.T) {
	h := Header{Congestion: true, Report: Report{RTT: time.Hour, EchoDelay: time.Hour, TransmitDelay: time.Hour}}
	b := make([]byte, h.Len())
	h.Put(b)
	got, _, _ := Parse(b)
	if got.Report.RTT != 0x3fffff*time.Microsecond || got.Report.EchoDelay != 0x1fffff*time.Microsecond || got.Report.TransmitDelay != 0x1fffff*time.Microsecond {
		t.Errorf("%+v", got.Report)
	}
	h.Report = Report{RTT: -time.Hour, EchoDelay: -time.Hour}
	h.Put(b)
	if got, _, _ := Parse(b); got.Report != (Report{}) {
		t.Errorf("below zero: %+v", got.Report)
	}
}
