package user

import (
	"bytes"
	"encoding/binary"
	"testing"

	"culvert/dataplane"
	"culvert/esp"
)

// hostile is what strangers can make of a packet that they have captured; i is a number of its own for each.
var hostile = []struct {
	name    string
	make    func(p []byte, i uint32)
	spoofed bool
	want    esp.Drop
	notices int
}{
	{"random SPIs", func(p []byte, i uint32) { binary.BigEndian.PutUint32(p, 0xf0000000|i*2654435761>>4) }, false, esp.ErrUnknownSPI, badSPIBurst},
	{"forged with the number that comes next", func(p []byte, i uint32) {
		binary.BigEndian.PutUint32(p[4:], binary.BigEndian.Uint32(p[4:])+1)
		p[len(p)-1] ^= byte(i | 1)
	}, false, esp.ErrAuthentication, 0},
	{"forged numbers beyond the window", func(p []byte, i uint32) { binary.BigEndian.PutUint32(p[4:], 1<<20+i) }, false, esp.ErrAuthentication, 0},
	{"forged from another address", func(p []byte, i uint32) { binary.BigEndian.PutUint32(p[4:], 1<<20+i) }, true, esp.ErrAuthentication, 0},
	{"replays", func([]byte, uint32) {}, false, esp.ErrReplay, 0},
	{"replays from another address", func([]byte, uint32) {}, true, esp.ErrReplay, 0},
}

// Of an honest peer's packets none is lost or moved, whatever arrives among them; the rest is counted by its reason, and news of it
// is rare.
func TestFloodOfHostileESPCostsAnHonestPeerNothing(t *testing.T) {
	const honest, each = 200, 50
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			s := newBench(t)
			s.protect(1, nil)
			spi := s.loop(1, nil)
			from := forth()
			if tt.spoofed {
				from = path("192.0.2.1:4500", "203.0.113.5:61000")
			}
			for i := range honest {
				good := s.sealed(datagram(byte(i), 100))[0]
				flood := dataplane.Burst{Path: from, Segment: len(good.Data)}
				for n := range each {
					flood.Data = append(flood.Data, good.Data...)
					tt.make(flood.Data[n*flood.Segment:], uint32(i*each+n))
				}
				good.Path = forth()
				good.Data = bytes.Clone(good.Data)
				s.HandleESP([]dataplane.Burst{good, flood})
			}
			s.expect(honest, func(i int) []byte { return datagram(byte(i), 100) })
			s.dropped(map[esp.Drop]uint64{tt.want: honest * each})
			told := map[dataplane.NoticeKind]int{}
			for _, n := range s.notices {
				told[n.Kind]++
			}
			if told[dataplane.NoticeNewAddress] != 0 || told[dataplane.NoticeBadSPI] != tt.notices {
				t.Errorf("notices %v, want %d of SPIs and none of an address", told, tt.notices)
			}
			if c, _ := s.Query(dataplane.Inbound, spi, 1); c.Packets != honest || c.Sequence != honest {
				t.Errorf("counters %+v", c)
			}
		})
	}
}
