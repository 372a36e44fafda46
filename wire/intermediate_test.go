package wire

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func intermediateRequest() Header {
	return Header{InitiatorSPI: 1, ResponderSPI: 2, Exchange: ExchangeIntermediate, Flags: FlagInitiator, MessageID: 1}
}

// keMessage is an IKE_INTERMEDIATE message with a KE payload, as RFC 9242, Figure 1, has it.
func keMessage(data []byte) []byte {
	b := []byte{0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 46, 0x20, 43, 0x08, 0, 0, 0, 1}
	b = binary.BigEndian.AppendUint32(b, uint32(28+4+8+len(data)))
	b = binary.BigEndian.AppendUint16(append(b, 34, 0), uint16(4+8+len(data)))
	b = binary.BigEndian.AppendUint16(append(b, 0, 0), uint16(8+len(data)))
	return append(append(b, 0, 36, 0, 0), data...)
}

// Both sides compute the same octets, whatever form the message has on the wire.
func TestIntermediateOctetsDoNotDependOnTheForm(t *testing.T) {
	p, data := testProtector{"k", 16}, bytes.Repeat([]byte("kem "), 3000)
	payloads := []Payload{&KE{Method: KEMLKEM768, Data: data}}
	want := keMessage(data)
	if got := IntermediateOctets(intermediateRequest(), payloads); !bytes.Equal(got, want) {
		t.Fatalf("sent: got %x..., want %x...", got[:44], want[:44])
	}
	for _, size := range []int{100000, 12100, 1252, 600} {
		datagrams, err := SealFragments(p, intermediateRequest(), payloads, size)
		if err != nil {
			t.Fatal(err)
		}
		if got := opened(t, p, datagrams).IntermediateOctets(); !bytes.Equal(got, want) {
			t.Errorf("%d datagrams: got %x..., want %x...", len(datagrams), got[:44], want[:44])
		}
	}
}

// opened returns the message of datagrams, the last of which comes first.
func opened(t *testing.T, p Protector, datagrams [][]byte) *Message {
	t.Helper()
	if len(datagrams) == 1 {
		m, err := Open(p, bytes.Clone(datagrams[0]))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	var r Reassembler
	for i := range datagrams {
		f, err := OpenFragment(p, bytes.Clone(datagrams[len(datagrams)-1-i]))
		if err != nil {
			t.Fatal(err)
		}
		if m, complete, err := r.Add(f); err != nil || complete {
			return m
		}
	}
	t.Fatal("not complete")
	return nil
}

// Reserved bits and payloads before the Encrypted payload count as they came (RFC 9242, Section 3.3.2).
func TestIntermediateOctetsKeepWhatTheSenderWrote(t *testing.T) {
	p := testProtector{"k", 1}
	inner := AppendPayloads(nil, []Payload{&Nonce{Data: bytes.Repeat([]byte{7}, 16)}})
	vendor := []byte{0, 0, 0, 6, 'v', 'i'}
	whole := func(next PayloadType, middle []byte) []byte {
		m := Message{Header: intermediateRequest()}
		b := append(m.Append(nil), vendor...)
		b[16], b[HeaderLen] = byte(PayloadVendorID), byte(next)
		return append(b, middle...)
	}
	message := func(prefix, plaintext []byte) []byte {
		n := len(prefix) + len(plaintext) + p.Overhead(len(plaintext))
		binary.BigEndian.PutUint32(prefix[24:], uint32(n))
		binary.BigEndian.PutUint16(prefix[HeaderLen+len(vendor)+2:], uint16(n-HeaderLen-len(vendor)))
		b, err := p.Seal(prefix, plaintext)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := append(whole(PayloadSK, []byte{byte(PayloadNonce), 0x25, 0, 0}), inner...)
	want[27], want[HeaderLen+len(vendor)+3] = byte(len(want)), byte(4+len(inner))
	got := opened(t, p, [][]byte{message(whole(PayloadSK, []byte{byte(PayloadNonce), 0x25, 0, 0}), inner)}).IntermediateOctets()
	if !bytes.Equal(got, want) {
		t.Errorf("whole: got %x, want %x", got, want)
	}
	first := message(whole(PayloadSKF, []byte{byte(PayloadNonce), 0x25, 0, 0, 0, 1, 0, 2}), inner[:9])
	second := message(whole(PayloadSKF, []byte{0, 0x7f, 0, 0, 0, 2, 0, 2}), inner[9:])
	if got := opened(t, p, [][]byte{first, second}).IntermediateOctets(); !bytes.Equal(got, want) {
		t.Errorf("fragments: got %x, want %x", got, want)
	}
}

func TestNoIntermediateOctetsWithoutEncryption(t *testing.T) {
	m := Message{Header: intermediateRequest()}
	parsed, err := Parse(m.Append(nil))
	if err != nil || parsed.IntermediateOctets() != nil {
		t.Errorf("got octets, %v", err)
	}
}
