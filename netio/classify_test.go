package netio

import (
	"bytes"
	"testing"
)

func TestClassify(t *testing.T) {
	spi := func(n int, first ...byte) []byte { return append(first, make([]byte, n-len(first))...) }
	tests := []struct {
		name   string
		role   role
		packet []byte
		want   Reason
	}{
		{"nothing", roleNAT, nil, DropEmpty},
		{"IKE on its own port", roleIKE, make([]byte, 28), ReceivedIKE},
		{"less than an IKE header", roleIKE, make([]byte, 27), DropShort},
		{"a keepalive on the IKE port", roleIKE, []byte{0xff}, DropShort},
		{"keepalive", roleNAT, []byte{0xff}, ReceivedKeepalive},
		{"another single octet", roleNAT, []byte{0xfe}, DropShort},
		{"two keepalives in one", roleNAT, []byte{0xff, 0xff}, DropShort},
		{"less than a marker", roleNAT, []byte{0, 0, 0}, DropShort},
		{"marker alone", roleNAT, make([]byte, 4), DropShort},
		{"marker and less than an IKE header", roleNAT, make([]byte, 31), DropShort},
		{"marker and IKE", roleNAT, make([]byte, 32), ReceivedIKE},
		{"ESP", roleNAT, spi(8, 0, 0, 1, 0), ReceivedESP},
		{"ESP without sequence number", roleNAT, spi(7, 0, 0, 1, 0), DropShort},
		{"SPI 255", roleNAT, spi(40, 0, 0, 0, 255), DropReservedSPI},
		{"SPI 1", roleNAT, spi(40, 0, 0, 0, 1), DropReservedSPI},
		{"raw ESP", roleRaw, spi(40, 1), ReceivedESP},
		{"raw ESP with SPI 0", roleRaw, make([]byte, 40), DropReservedSPI},
		{"raw octet", roleRaw, []byte{0xff}, DropShort},
	}
	for _, tt := range tests {
		if got := classify(tt.role, tt.packet); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(uint8(1), []byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, r uint8, p []byte) {
		got := classify(role(r%3), p)
		if got == ReceivedESP && (len(p) < espHeader || bytes.Equal(p[:3], []byte{0, 0, 0})) || got == ReceivedIKE && len(p) < ikeHeader {
			t.Errorf("%v of %x", got, p)
		}
	})
}

func TestReasonsHaveNames(t *testing.T) {
	seen := make(map[string]bool)
	var c Counts
	for r, n := range c.All() {
		if name := r.String(); name == "" || seen[name] || n != 0 {
			t.Errorf("reason %d: name %q", r, name)
		}
		seen[r.String()] = true
	}
	if len(seen) != int(reasons) {
		t.Errorf("%d reasons, want %d", len(seen), reasons)
	}
	if got := Reason(200).String(); got != "REASON(200)" {
		t.Errorf("got %q", got)
	}
	for r := range c.All() {
		if r == ReceivedESP {
			break // leaves early without harm
		}
	}
}
