package offload

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// rejoin puts the payloads of cut packets together, and checks each packet.
func rejoin(t testing.TB, s *Segments, head, most int) []byte {
	t.Helper()
	var all []byte
	for s.Count() > 0 {
		b := make([]byte, s.MaxLen())
		p := b[:s.Next(b)]
		in, ok := inspect(p)
		if !ok || !in.valid(p) || len(p) > most {
			t.Fatalf("a packet of %d octets with a header of %d, valid %v", len(p), in.head, ok && in.valid(p))
		}
		all = append(all, p[head:]...)
	}
	return all
}

func TestResegmentCutsStreamsSmaller(t *testing.T) {
	payload := randomOctets(rand.New(rand.NewPCG(3, 4)), 5000)
	for _, v6 := range []bool{false, true} {
		spec := packetSpec{v6: v6, ttl: 64, df: true, sequence: 0xffffff00, flags: flagACK | flagPSH, payload: payload}
		h, super := spec.super(1400, false)
		var s Segments
		err := s.Split(h, slices.Clone(super))
		if err != nil || !s.Resegment(1000) {
			t.Fatalf("a super-packet is not cut: %v", err)
		}
		head := len(super) - len(payload)
		if got := rejoin(t, &s, head, 1000); !bytes.Equal(got, payload) {
			t.Error("the stream of a super-packet has changed")
		}
		spec.payload = payload[:1300]
		whole := spec.build()
		err = s.Split(Header{}, slices.Clone(whole))
		if err != nil || !s.Resegment(1000) || s.Count() != 2 {
			t.Fatalf("a whole packet is not cut: %v", err)
		}
		if got := rejoin(t, &s, head, 1000); !bytes.Equal(got, payload[:1300]) {
			t.Error("the stream of a packet has changed")
		}
	}
}

func TestResegmentLeavesWhatItMustNotCut(t *testing.T) {
	payload := make([]byte, 1300)
	spoiled := packetSpec{ttl: 64, flags: flagACK, payload: payload}.build()
	spoiled[len(spoiled)-1] ^= 1
	for name, p := range map[string][]byte{
		"UDP":              packetSpec{udp: true, ttl: 64, payload: payload}.build(),
		"SYN":              packetSpec{ttl: 64, flags: flagSYN, payload: payload}.build(),
		"urgent data":      packetSpec{ttl: 64, flags: flagACK | flagURG, payload: payload}.build(),
		"a wrong checksum": spoiled,
		"no IP":            {1, 2, 3},
	} {
		var s Segments
		err := s.Split(Header{}, p)
		if err != nil || s.Resegment(1000) {
			t.Errorf("%s is cut: %v", name, err)
		}
	}
	var s Segments
	_ = s.Split(Header{}, packetSpec{ttl: 64, flags: flagACK, payload: payload}.build())
	if s.Resegment(100) {
		t.Error("cut to almost nothing")
	}
}
