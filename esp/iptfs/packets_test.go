package iptfs

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1_800_000_000, 0)

// packet4 is an IPv4 packet of n octets, filled with fill.
func packet4(n int, fill byte) []byte {
	p := bytes.Repeat([]byte{fill}, n)
	p[0] = 0x45
	binary.BigEndian.PutUint16(p[2:], uint16(n))
	return p
}

// packet6 is an IPv6 packet of n octets.
func packet6(n int, fill byte) []byte {
	p := bytes.Repeat([]byte{fill}, n)
	p[0] = 0x60
	binary.BigEndian.PutUint16(p[4:], uint16(n-headerLen6))
	return p
}

// A payload is one on the wire, without its header.
type payload struct {
	seq    uint64
	offset uint16
	blocks []byte
	tos    uint8
}

// fill makes payloads of size octets of what waits, numbered from seq on.
func fill(a *Aggregator, seq uint64, size int) (list []payload) {
	for {
		if n, _ := a.Waiting(); n == 0 {
			return list
		}
		b := make([]byte, size)
		f := a.Fill(b)
		list = append(list, payload{seq: seq, offset: f.BlockOffset, blocks: b})
		seq++
	}
}

func add(t *testing.T, a *Aggregator, packets ...[]byte) {
	t.Helper()
	for _, p := range packets {
		if !a.Add(p, start) {
			t.Fatalf("packet of %d octets refused", len(p))
		}
	}
}

// push gives a payload and returns copies of the packets that come out.
func push(r *Reassembler, p payload, now time.Time) [][]byte {
	r.Push(p.seq, p.offset, p.blocks, p.tos, now)
	return drain(r)
}

func drain(r *Reassembler) (out [][]byte) {
	for p, ok := r.Next(); ok; p, ok = r.Next() {
		out = append(out, slices.Clone(p.Data))
	}
	return out
}

// same fails unless these packets came out.
func same(t *testing.T, got [][]byte, want ...[]byte) {
	t.Helper()
	if !slices.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("got %d packets %v, want %d %v", len(got), lengths(got), len(want), lengths(want))
	}
}

func lengths(list [][]byte) (n []int) {
	for _, p := range list {
		n = append(n, len(p))
	}
	return n
}
