package fair

import (
	"time"

	"culvert/dataplane/user/offload"
)

// How packets lie in memory.
const (
	// PacketSize holds the largest super-packet with its header.
	PacketSize = 1<<16 + offload.HeaderLen
	// Align is where packets begin: in a line of the processor's cache of their own.
	Align = 64
	// Trailer is left behind each packet, so that it can be sealed where it lies.
	Trailer = 64
)

const (
	// maxPackets and maxChunks bound what waits: 1024 packets, or some 2 MB of super-packets, which is what a processor
	// seals in about 3 ms, and what its cache holds.
	maxPackets = 1024
	maxChunks  = 8
	// chunkSize holds four super-packets or many small packets.
	chunkSize = 4 * (PacketSize + Trailer + Align)
)

// A store keeps packets that were read from the device and wait. Its memory is made when first needed and never grows. Packets
// lie behind one another in chunks, and a chunk is used again when all of its packets are gone.
type store struct {
	memory  []byte
	packets []stored
	free    int32 // the first packet of the list of those not in use, as stored.next
	chunks  []int32
	held    [maxChunks]int // packets in each chunk
	used    int            // octets of the chunk that is filled: the last of chunks
}

// A stored packet is an element of lists.
type stored struct {
	raw   []byte
	since time.Duration
	next  int32 // one more than its place; 0 behind the last
	chunk int32
}

func newStore() *store {
	s := &store{memory: make([]byte, maxChunks*chunkSize), packets: make([]stored, maxPackets), free: 1}
	for i := range s.packets[:maxPackets-1] {
		s.packets[i].next = int32(i + 2)
	}
	for i := range int32(maxChunks) {
		s.chunks = append(s.chunks, i)
	}
	return s
}

// Room returns where the next packet may be put, PacketSize octets and what sealing needs behind them; nil when the store is full.
func (s *store) Room() []byte {
	const need = PacketSize + Trailer
	if s.free == 0 || len(s.chunks) == 0 {
		return nil
	}
	if s.used+need > chunkSize {
		if s.filled(); len(s.chunks) == 0 {
			return nil
		}
	}
	return s.place(PacketSize)
}

// filled turns to another chunk. It stays with this one if nothing is in it.
func (s *store) filled() {
	full := s.chunks[len(s.chunks)-1]
	s.used = 0
	if s.held[full] > 0 {
		s.chunks = s.chunks[:len(s.chunks)-1]
	}
}

// put keeps the n octets that were put into Room, and returns the packet's number.
func (s *store) put(n int, since time.Duration) (number int32) {
	number = s.free
	p, chunk := &s.packets[number-1], s.chunks[len(s.chunks)-1]
	s.free = p.next
	*p = stored{raw: s.place(n), since: since, chunk: chunk}
	s.held[chunk]++
	s.used += (n + Trailer + Align - 1) &^ (Align - 1)
	return number
}

// place is where the next packet lies if it has n octets, with room behind it.
func (s *store) place(n int) []byte {
	start := int(s.chunks[len(s.chunks)-1])*chunkSize + s.used
	return s.memory[start : start+n : start+n+Trailer]
}

// release forgets a packet.
func (s *store) release(number int32) {
	p := &s.packets[number-1]
	chunk := p.chunk
	*p = stored{next: s.free}
	s.free = number
	s.held[chunk]--
	filling := len(s.chunks) > 0 && s.chunks[len(s.chunks)-1] == chunk
	if s.held[chunk] > 0 || filling {
		return
	}
	s.chunks = append(s.chunks, chunk)
	if n := len(s.chunks); n > 1 { // behind the one that is being filled
		s.chunks[n-1], s.chunks[n-2] = s.chunks[n-2], s.chunks[n-1]
		return
	}
	s.used = 0
}
