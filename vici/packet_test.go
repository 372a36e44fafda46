package vici

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"culvert/swanctl/settings"
)

// The request and the reply that were seen on the wire (see versionReply), with their lengths.
func TestPacketsAreThoseOfTheWire(t *testing.T) {
	reply, err := Decode(unhex(t, versionReply))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		packet packet
		want   string
	}{
		{packet{kind: packetRequest, name: "version"}, "00000009" + "000776657273696f6e"},
		{packet{kind: packetResponse, message: reply}, "00000029" + "01" + versionReply},
		{packet{kind: packetUnknown}, "0000000102"},
		{packet{kind: packetEventRegister, name: "log"}, "00000005" + "03036c6f67"},
		{packet{kind: packetEventUnregister, name: "log"}, "00000005" + "04036c6f67"},
		{packet{kind: packetEventConfirm}, "0000000105"},
		{packet{kind: packetEventUnknown}, "0000000106"},
		{packet{kind: packetEvent, name: "log", message: new(settings.Section).Add("a", "b")}, "0000000b" + "07036c6f67" + "030161000162"},
	} {
		got, err := tt.packet.segment()
		if err != nil || !bytes.Equal(got, unhex(t, tt.want)) {
			t.Errorf("%+v: %x, %v, want %s", tt.packet, got, err, tt.want)
			continue
		}
		b, err := readSegment(bufio.NewReader(bytes.NewReader(got)))
		if err != nil {
			t.Fatal(err)
		}
		p, err := parsePacket(b)
		if err != nil || p.kind != tt.packet.kind || p.name != tt.packet.name {
			t.Errorf("%x: read %+v, %v", b, p, err)
		}
	}
}

func TestSegmentsWithoutPacketAreTold(t *testing.T) {
	for _, text := range []string{"", "08", "ff", "00", "0005", "000161"[:4], "0001" + "0a"} {
		if _, err := parsePacket(unhex(t, text)); !errors.Is(err, errPacket) {
			t.Errorf("%q: %v", text, err)
		}
	}
	p, err := parsePacket(unhex(t, "000161"+"09"))
	if err == nil || errors.Is(err, errPacket) || p.name != "a" {
		t.Errorf("a request whose message is bad is %+v, %v", p, err)
	}
}

func TestSegmentsHaveALimit(t *testing.T) {
	full := new(settings.Section)
	for range 7 {
		full.Add("k", strings.Repeat("v", 65535))
	}
	full.Add("k", strings.Repeat("v", MaxSegment-1-7*(65535+5)-5))
	segment, err := packet{kind: packetResponse, message: full}.segment()
	if err != nil || len(segment) != MaxSegment+4 {
		t.Fatalf("a segment at the limit has %d octets, %v", len(segment), err)
	}
	if b, err := readSegment(bufio.NewReader(bytes.NewReader(segment))); err != nil || len(b) != MaxSegment {
		t.Errorf("it is read as %d octets, %v", len(b), err)
	}
	var size *SizeError
	if _, err := (packet{kind: packetResponse, message: full.Add("", "")}).segment(); !errors.As(err, &size) {
		t.Errorf("beyond the limit: %v", err)
	}
	if _, err := readSegment(bufio.NewReader(bytes.NewReader([]byte{0, 8, 0, 1}))); !errors.As(err, &size) || size.Size != MaxSegment+1 {
		t.Errorf("announced beyond the limit: %v", err)
	}
	if _, err := readSegment(bufio.NewReader(bytes.NewReader([]byte{0, 0, 0, 2, 1}))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("one that is cut: %v", err)
	}
}

func FuzzPacket(f *testing.F) {
	for _, text := range []string{"000776657273696f6e", "01" + versionReply, "03036c6f67", "07036c6f67030161000162", "05"} {
		f.Add(unhex(f, text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePacket(b)
		if err != nil {
			return
		}
		segment, err := p.segment()
		if err != nil || len(segment) > len(b)+4 {
			t.Errorf("%x became %x, %v", b, segment, err)
		}
	})
}
