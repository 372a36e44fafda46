package offload

import (
	"bytes"
	"testing"
)

// flowPacket is a UDP packet between two of many hosts and ports.
func flowPacket(v6 bool, from, to, sport, dport byte) []byte {
	if v6 {
		p := make([]byte, 48)
		p[0], p[6], p[8+15], p[24+15] = 0x60, protocolUDP, from, to
		p[41], p[43] = sport, dport
		return p
	}
	p := make([]byte, 28)
	p[0], p[9], p[15], p[19] = 0x45, protocolUDP, from, to
	p[21], p[23] = sport, dport
	return p
}

func TestFlowHashIsOfTheFlow(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		p := flowPacket(v6, 1, 2, 3, 4)
		h := FlowHash(p)
		if FlowHash(flowPacket(v6, 2, 1, 4, 3)) != h {
			t.Errorf("IPv6 %v: the answers have another hash", v6)
		}
		longer := append(bytes.Clone(p), make([]byte, 100)...)
		longer[3], longer[5] = 128, 88 // lengths, in either version
		if FlowHash(longer) != h {
			t.Errorf("IPv6 %v: a longer packet has another hash", v6)
		}
		var quarter [4]int
		seen := make(map[uint32]bool)
		for i := range 1024 {
			h := FlowHash(flowPacket(v6, byte(i), 7, byte(i>>4), 53))
			seen[h] = true
			quarter[h>>30]++
		}
		if len(seen) < 1000 {
			t.Errorf("IPv6 %v: %d hashes of 1024 flows", v6, len(seen))
		}
		for i, n := range quarter {
			if n < 128 {
				t.Errorf("IPv6 %v: %d of 1024 flows in quarter %d", v6, n, i)
			}
		}
		for n := range p {
			FlowHash(p[:n])
		}
	}
	if FlowHash([]byte("nonsense that is no packet")) != 0 {
		t.Error("nonsense has a hash")
	}
}

func TestFlowHashOfFragmentsLacksPorts(t *testing.T) {
	first, second := flowPacket(false, 1, 2, 3, 4), flowPacket(false, 1, 2, 9, 9)
	first[6], second[7] = 0x20, 5
	if FlowHash(first) != FlowHash(second) {
		t.Error("fragments of a packet have different hashes")
	}
}
