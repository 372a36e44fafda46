package wire

import "encoding/binary"

// IntermediateOctets returns what a message of ours, with everything inside its Encrypted payload, adds to IntAuth: IntAuth_A |
// IntAuth_P, which are header and generic header of the Encrypted payload, and the payloads inside (RFC 9242, Section 3.3.2).
// They are the same however the message is encrypted and fragmented; h.NextPayload and h.Length are computed.
func IntermediateOctets(h Header, payloads []Payload) []byte {
	h.NextPayload = PayloadSK
	prefix := AppendPayloads(h.Append(nil), []Payload{&Encrypted{First: firstPayload(payloads)}})
	return adjustLengths(AppendPayloads(prefix, payloads), len(prefix))
}

// IntermediateOctets returns what a message that Open or a Reassembler returned adds to IntAuth: IntAuth_A | IntAuth_P, where A
// goes from the header to the generic header of the Encrypted payload as they came, reserved fields included (RFC 9242,
// Section 3.3.2). It is nil for messages without an Encrypted payload.
func (m *Message) IntermediateOctets() []byte {
	if len(m.Prefix) < HeaderLen+genericLen {
		return nil
	}
	octets := append(append(make([]byte, 0, len(m.Prefix)+len(m.Plaintext)), m.Prefix...), m.Plaintext...)
	return adjustLengths(octets, len(m.Prefix))
}

// adjustLengths makes the lengths in IntAuth_A | IntAuth_P, of which A has n octets, count neither IV nor padding nor ICV.
func adjustLengths(octets []byte, n int) []byte {
	binary.BigEndian.PutUint32(octets[24:], uint32(len(octets)))
	binary.BigEndian.PutUint16(octets[n-2:], uint16(len(octets)-n+genericLen))
	return octets
}

// unfragmentedPrefix turns what stands before the plaintext of the first fragment into the prefix of the whole message: the
// Encrypted Fragment payload becomes an Encrypted payload, of which only the fields of the fragment are missing (RFC 9242,
// Section 3.3.2). outer are the payloads before it.
func unfragmentedPrefix(prefix []byte, outer []Payload) []byte {
	if len(prefix) < HeaderLen+genericLen+fragmentLen {
		return nil // of a fragment that came from no datagram
	}
	whole := append([]byte(nil), prefix[:len(prefix)-fragmentLen]...)
	next := 16 // of the header
	for i, at := 0, HeaderLen; i < len(outer); i++ {
		next = at
		at += int(binary.BigEndian.Uint16(whole[at+2:]))
	}
	whole[next] = byte(PayloadSK)
	return whole
}
