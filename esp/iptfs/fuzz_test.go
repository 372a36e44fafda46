package iptfs

import (
	"encoding/binary"
	"testing"
	"time"
)

func FuzzParse(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0x45, 0, 0, 20})
	f.Add(append([]byte{1, 3, 0, 9}, make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, blocks, err := Parse(b)
		if err != nil {
			return
		}
		if len(blocks) != len(b)-h.Len() {
			t.Fatalf("%d octets of blocks behind %d of header in %d", len(blocks), h.Len(), len(b))
		}
		again := make([]byte, h.Len())
		h.Put(again)
		if g, _, err := Parse(again); err != nil || g != h {
			t.Fatalf("%+v became %+v, %v", h, g, err)
		}
	})
}

// FuzzReassemble takes a script of payloads: | step of the sequence number (1) | length (2) | payload |.
func FuzzReassemble(f *testing.F) {
	whole := append([]byte{1, 0, 44, 0, 0, 0, 0}, packet4(40, 1)...)
	f.Add(whole, uint8(3), false)
	f.Add(append(append([]byte{2, 0, 24, 0, 0, 0, 20}, packet4(40, 1)[:20]...), whole...), uint8(2), true)
	f.Fuzz(func(t *testing.T, script []byte, size uint8, immediately bool) {
		r := NewReassembler(Reassembly{Window: int(size % 8), Wait: time.Second, Immediately: immediately}, 0)
		seq, in, out, now := uint64(4), 0, 0, start
		for len(script) >= 3 {
			step, n := script[0], min(int(binary.BigEndian.Uint16(script[1:])), len(script)-3)
			body := script[3 : 3+n]
			script = script[3+n:]
			if step > 200 {
				now = now.Add(time.Second)
				r.Expire(now)
			}
			seq = max(seq+uint64(step%16)-4, 1)
			if h, blocks, err := Parse(body); err == nil {
				in += len(blocks)
				r.Push(seq, h.BlockOffset, blocks, 0, now)
			}
			for p, ok := r.Next(); ok; p, ok = r.Next() {
				if got, is := measure(p.Data); is != shapePacket || got != len(p.Data) {
					t.Fatalf("a packet of %d octets says %d", len(p.Data), got)
				}
				out += len(p.Data)
			}
		}
		if out > in {
			t.Fatalf("%d octets out of %d", out, in)
		}
	})
}
