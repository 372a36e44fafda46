package wire

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// saInit is an IKE_SA_INIT request.
func saInit() *Message {
	return &Message{
		Header: Header{InitiatorSPI: 0x0102030405060708, Version: version2, Exchange: ExchangeSAInit, Flags: FlagInitiator},
		Payloads: []Payload{
			&SA{[]Proposal{{Number: 1, Protocol: ProtocolIKE, Transforms: []Transform{
				{Type: TransformENCR, ID: EncrAESGCM16, KeyLength: 256},
				{Type: TransformPRF, ID: PRFHMACSHA384},
				{Type: TransformKE, ID: KECurve25519},
			}}}},
			&KE{Method: KECurve25519, Data: bytes.Repeat([]byte{9}, 32)},
			&Nonce{Data: bytes.Repeat([]byte{7}, 32)},
			&Notify{NotifyType: NotifyNATDetectionSourceIP, Data: make([]byte, 20)},
			&Notify{NotifyType: NotifyNATDetectionDestinationIP, Data: make([]byte, 20)},
			&Notify{NotifyType: NotifyIKEv2FragmentationSupported},
			&Notify{NotifyType: NotifySignatureHashAlgorithms, Data: []byte{0, 2, 0, 3, 0, 4, 0, 5}},
		},
	}
}

func TestMessageIdentity(t *testing.T) {
	want := saInit()
	got, err := Parse(want.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	want.NextPayload, want.Length = PayloadSA, uint32(len(want.Append(nil)))
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMessageAppendsAfterOtherOctets(t *testing.T) {
	m := saInit()
	plain := m.Append(nil)
	framed := m.Append([]byte(NonESPMarker))
	if !bytes.Equal(framed[4:], plain) || !bytes.HasPrefix(framed, []byte(NonESPMarker)) {
		t.Errorf("got %x, want marker and %x", framed, plain)
	}
}

func TestMessageAppendComputesNextPayloadAndLength(t *testing.T) {
	m := &Message{Header: Header{NextPayload: PayloadSK, Length: 9, Exchange: ExchangeInformational}}
	if got := m.Append(nil); got[16] != 0 || got[27] != HeaderLen {
		t.Errorf("got %x", got)
	}
}

func TestMessageLengthMustMatchTheDatagram(t *testing.T) {
	whole := saInit().Append(nil)
	tests := map[string]func() []byte{
		"datagram longer":      func() []byte { return append(bytes.Clone(whole), 0) },
		"datagram shorter":     func() []byte { return whole[:len(whole)-1] },
		"length below header":  func() []byte { b := bytes.Clone(whole); copy(b[24:], "\x00\x00\x00\x1b"); return b },
		"length zero":          func() []byte { b := bytes.Clone(whole); copy(b[24:], "\x00\x00\x00\x00"); return b },
		"length near 32 bits":  func() []byte { b := bytes.Clone(whole); copy(b[24:], "\xff\xff\xff\xff"); return b },
		"header without chain": func() []byte { return whole[:HeaderLen] },
	}
	for name, datagram := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(datagram())
			var e *Error
			if !errors.Is(err, errLength) || !errors.As(err, &e) || e.Notify != NotifyInvalidSyntax {
				t.Errorf("got %v, want INVALID_SYNTAX for the length", err)
			}
		})
	}
}

func TestMessagePrefixes(t *testing.T) {
	for _, d := range ikev2Datagrams(t) {
		for i := 0; i < len(d.octets); i += 1 + i/64 {
			if _, err := Parse(d.octets[:i:i]); err == nil {
				t.Fatalf("%s packet %d: %d of %d octets accepted", d.capture, d.packet, i, len(d.octets))
			}
		}
	}
}

func TestMessageErrorOffsetCountsFromTheHeader(t *testing.T) {
	m := saInit()
	m.Payloads = append(m.Payloads[:1], &Nonce{Data: []byte{1}})
	offset := HeaderLen + genericLen + len(AppendPayload(nil, m.Payloads[0]))
	_, err := Parse(m.Append(nil))
	var e *Error
	if !errors.As(err, &e) || e.Offset != offset || e.Payload != PayloadNonce || e.Authentic {
		t.Errorf("got %+v, want Nonce at %d", e, offset)
	}
}

func TestMessageAliasesItsBuffer(t *testing.T) {
	b := saInit().Append(nil)
	m, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	ke, _ := Find[*KE](m.Payloads)
	n := bytes.Index(b, ke.Data)
	b[n]++
	if ke.Data[0] != b[n] {
		t.Error("KE data was copied")
	}
	if cap(ke.Data) != len(ke.Data) {
		t.Error("appending to KE data would overwrite the next payload")
	}
}

func FuzzParse(f *testing.F) {
	for _, d := range datagrams(f) {
		f.Add(d.octets)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) {
				t.Fatalf("error of type %T", err)
			}
			return
		}
		_ = Summary(m)
		for i := range m.Payloads {
			m.Payloads[i] = sendable(m.Payloads[i])
		}
		m.Version, m.Flags = version2, m.Flags&flagsSent
		sent := m.Append(nil)
		again, err := Parse(sent)
		if err != nil {
			t.Fatalf("own encoding: %v", err)
		}
		m.Length = uint32(len(sent))
		if diff := cmp.Diff(m, again, same); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

func FuzzParsePayloads(f *testing.F) {
	for _, p := range plaintexts(f) {
		f.Add(byte(p.first), p.octets)
	}
	f.Fuzz(func(t *testing.T, first byte, b []byte) {
		payloads, err := ParsePayloads(PayloadType(first), b)
		if err == nil && len(payloads) > MaxPayloads {
			t.Errorf("%d payloads", len(payloads))
		}
	})
}
