package wire

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// informational is the header of an INFORMATIONAL request of scapy's capture, followed by nothing.
const informational = "1c88ee0b7793d52e 63cc9c1919de33e7 2e 20 25 08 00000002 0000001c"

func TestHeaderForeign(t *testing.T) {
	h, err := ParseHeader(octets(t, informational))
	if err != nil {
		t.Fatal(err)
	}
	want := Header{
		InitiatorSPI: 0x1c88ee0b7793d52e, ResponderSPI: 0x63cc9c1919de33e7, NextPayload: PayloadSK, Version: 0x20,
		Exchange: ExchangeInformational, Flags: FlagInitiator, MessageID: 2, Length: 28,
	}
	if h != want {
		t.Errorf("got %+v, want %+v", h, want)
	}
	if h.Major() != 2 || h.IsResponse() || !h.FromInitiator() {
		t.Errorf("major %d, response %v, from initiator %v", h.Major(), h.IsResponse(), h.FromInitiator())
	}
}

func TestHeaderVersions(t *testing.T) {
	tests := []struct {
		name    string
		version byte
		cause   error
		notify  NotifyType
	}{
		{"2.0", 0x20, nil, NotifyNone},
		{"minor version is ignored", 0x2f, nil, NotifyNone},
		{"3.0", 0x30, errMajorVersion, NotifyInvalidMajorVersion},
		{"15.15", 0xff, errMajorVersion, NotifyInvalidMajorVersion},
		{"1.0", 0x10, errIKEv1, NotifyNone},
		{"0.0", 0x00, errIKEv1, NotifyNone},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := octets(t, informational)
			b[17] = tt.version
			h, err := ParseHeader(b)
			if !errors.Is(err, tt.cause) {
				t.Fatalf("got %v, want %v", err, tt.cause)
			}
			if h.MessageID != 2 || h.InitiatorSPI == 0 {
				t.Errorf("header for the answer is missing: %+v", h)
			}
			var e *Error
			if errors.As(err, &e) && e.Notify != tt.notify {
				t.Errorf("got %v, want %v", e.Notify, tt.notify)
			}
		})
	}
}

func TestReservedFlagsAreIgnoredAndSentAsZero(t *testing.T) {
	b := octets(t, informational)
	b[19] = 0xff
	h, err := ParseHeader(b)
	if err != nil {
		t.Fatal(err)
	}
	if h.Flags != FlagInitiator|FlagVersion|FlagResponse {
		t.Errorf("got flags %#x", uint8(h.Flags))
	}
	h.Version, h.Flags = 0x3f, 0xff
	sent := h.Append(nil)
	if sent[17] != 0x20 || sent[19] != 0x28 {
		t.Errorf("sent version %#x, flags %#x, want 0x20, 0x28", sent[17], sent[19])
	}
}

func TestHeaderIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Header{
			InitiatorSPI: SPI(rapid.Uint64().Draw(t, "SPIi")),
			ResponderSPI: SPI(rapid.Uint64().Draw(t, "SPIr")),
			NextPayload:  PayloadType(rapid.Byte().Draw(t, "next")),
			Version:      version2,
			Exchange:     ExchangeType(rapid.Byte().Draw(t, "exchange")),
			Flags:        rapid.SampledFrom([]Flags{0, FlagInitiator, FlagResponse, flagsSent}).Draw(t, "flags"),
			MessageID:    rapid.Uint32().Draw(t, "ID"),
			Length:       rapid.Uint32().Draw(t, "length"),
		}
		got, err := ParseHeader(want.Append(nil))
		if err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestHeaderPrefixes(t *testing.T) {
	whole := octets(t, informational)
	for i := range whole {
		if _, err := ParseHeader(whole[:i]); !errors.Is(err, errShort) {
			t.Errorf("%d of %d octets: got %v, want errShort", i, len(whole), err)
		}
	}
}

func TestHeaderStrings(t *testing.T) {
	if got, want := SPI(0xab).String(), "00000000000000ab"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for flags, want := range map[Flags]string{0: "-", FlagInitiator: "I", flagsSent: "IR", FlagVersion: "V"} {
		if got := flags.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, d := range datagrams(f) {
		f.Add(d.octets)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			return
		}
		again, err := ParseHeader(h.Append(nil))
		h.Version, h.Flags = version2, h.Flags&flagsSent
		if err != nil || again != h {
			t.Errorf("got %+v, %v, want %+v", again, err, h)
		}
		if sent := h.Append(nil); len(sent) != HeaderLen || !bytes.Equal(sent[:17], b[:17]) {
			t.Errorf("sent %x, want it to start with %x", sent, b[:17])
		}
	})
}
