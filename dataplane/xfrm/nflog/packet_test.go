package nflog

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"culvert/dataplane"
)

// logged is a message of the log as this package's rules have the kernel make one, on a little-endian host.
func logged(hook byte, prefix string, mark, data []byte) []byte {
	var a attributes
	a.add(attrHeader, []byte{8, 0, hook, 0})
	a.text(attrPrefix, prefix)
	a.u32(4, 2) // of the device, which nobody asks for
	if mark != nil {
		a.add(attrMark, mark)
	}
	a.add(attrPayload, data)
	a.u32(attrSequence, 7)
	return append([]byte{unix.AF_INET, 0, 0, 3}, a...)
}

func TestMessagesOfTheLog(t *testing.T) {
	data := []byte("odd")
	b := logged(unix.NF_INET_POST_ROUTING, innerPrefix, []byte{0x01, 0xee, 0xff, 0xc0}, data)
	p, sequence, err := parsePacket(b)
	if err != nil || !p.Inner || p.Direction != dataplane.Outbound || p.SPI != 0xc0ffee01 || !bytes.Equal(p.Data, data) || sequence != 7 {
		t.Errorf("got %+v, %d, %v", p, sequence, err)
	}
	p, _, err = parsePacket(logged(unix.NF_INET_LOCAL_IN, sealedPrefix, nil, data))
	if err != nil || p.Inner || p.Direction != dataplane.Inbound || p.SPI != 0 {
		t.Errorf("got %+v, %v", p, err)
	}
	for i := range b {
		if p, _, err := parsePacket(b[:i]); err != nil && !errors.Is(err, ErrMalformed) || err == nil && !bytes.Equal(p.Data, data) {
			t.Errorf("%d of %d octets: %+v, %v", i, len(b), p, err)
		}
	}
}

func FuzzParsePacket(f *testing.F) {
	f.Add(logged(unix.NF_INET_LOCAL_IN, sealedPrefix, nil, []byte("packet")))
	f.Add(logged(unix.NF_INET_POST_ROUTING, innerPrefix, []byte{1, 2, 3, 4}, []byte("packet")))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, _, err := parsePacket(b); err == nil && (len(p.Data) == 0 || p.Direction == 0) {
			t.Errorf("got %+v", p)
		}
	})
}

// Gaps in the numbers are packets that were lost, across their end, too.
func TestLossesAreCounted(t *testing.T) {
	var l Log
	var got []uint32
	for _, n := range []uint32{1<<32 - 3, 1<<32 - 2, 1, 2} {
		got = append(got, l.missing(n))
	}
	if want := []uint32{0, 0, 2, 0}; got[2] != want[2] || got[0]+got[1]+got[3] != 0 {
		t.Errorf("got %d, want %d", got, want)
	}
}
